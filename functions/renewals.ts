import type { ClientMessage, StoreMessage } from '../protocol/messages.js'
import { readProcess } from '../protocol/process/record.js'
import { isCovered, renewedMessage } from '../protocol/process/renewal.js'
import * as processWrites from '../protocol/process/writes.js'
import type { Deps, Sender } from './ports.js'

type Renew = Extract<ClientMessage, { type: 'renew' }>

/** Extends the process's lease. The answer carries the asks, because their pushes may have been lost. */
export async function renew(deps: Deps, { processId }: Sender, { n }: Renew): Promise<StoreMessage> {
  const { incarnation } = deps
  const { leaseMs } = deps.timing
  const nowMs = deps.nowMs()
  const outcome = await deps.store.update(processWrites.renew(processId, { leaseMs, nowMs }))
  const process = readProcess(outcome.item)
  deps.processes.learn(processId, process)
  if (isCovered(process, nowMs + leaseMs)) return renewedMessage(process, { n, leaseMs, incarnation })
  return { type: 'refused', code: 'EVICTED', message: 'this process has no running lease', of: 'renew', n }
}

/** Ends the process at its own request. The next process that asks for one of its locks reclaims that lock. */
export async function retire(deps: Deps, { processId }: Sender): Promise<StoreMessage> {
  deps.processes.forget(processId)
  await deps.store.update(processWrites.retire(processId, deps.nowMs()))
  return { type: 'noted', of: 'retire' }
}
