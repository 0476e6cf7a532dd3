import type { ClientMessage, StoreMessage } from '../protocol/messages.js'
import { type ProcessRecord, readProcess } from '../protocol/process/record.js'
import { isCovered, renewedMessage } from '../protocol/process/renewal.js'
import * as processWrites from '../protocol/process/writes.js'
import type { Deps, Sender } from './ports.js'
import { putTermsOnRecord } from './terms.js'

type Renew = Extract<ClientMessage, { type: 'renew' }>

/**
 * Extends the process's lease. The answer carries the asks, because their pushes may have been lost, and the timing, since
 * a deployment may have changed it.
 */
export async function renew(deps: Deps, { processId }: Sender, { n }: Renew): Promise<StoreMessage> {
  const { timing } = deps
  const [process, incarnation] = await Promise.all([extendLease(deps, processId), deps.incarnation.recall()])
  if (process !== undefined) return renewedMessage(process, { n, timing, incarnation })
  return { type: 'refused', code: 'EVICTED', message: 'this process has no running lease', of: 'renew', n }
}

/** Undefined where no lease runs. A lease is given only when the terms that go with it are on record. */
async function extendLease(deps: Deps, processId: string): Promise<ProcessRecord | undefined> {
  const { leaseMs } = deps.timing
  const nowMs = deps.nowMs()
  const outcome = await deps.store.update(processWrites.renew(processId, { leaseMs, nowMs }))
  const process = readProcess(outcome.item)
  deps.processes.learn(processId, process)
  if (!isCovered(process, nowMs + leaseMs)) return undefined
  return (await putTermsOnRecord(deps, processId, process)) ? extendLease(deps, processId) : process
}

/** Ends the process at its own request. The next process that asks for one of its locks reclaims that lock. */
export async function retire(deps: Deps, { processId }: Sender): Promise<StoreMessage> {
  deps.processes.forget(processId)
  await deps.store.update(processWrites.retire(processId, deps.nowMs()))
  return { type: 'noted', of: 'retire' }
}
