import { createHash } from 'node:crypto'
import { connectionKey } from '../protocol/keys.js'
import { PROTOCOL_VERSION } from '../protocol/limits.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../protocol/messages.js'
import { displacedConnection, planHello } from '../protocol/process/hello.js'
import { readProcess } from '../protocol/process/record.js'
import { bindConnection, type Introduction, reconnect, register } from '../protocol/process/writes.js'
import type { Address, Deps } from './ports.js'

type Hello = Extract<ClientMessage, { type: 'hello' }>

/** A connection, and the principal that IAM says has opened it. */
export interface Caller extends Address {
  readonly principal: string
}

const REFUSALS = {
  WRONG_SECRET: 'this process is known under another secret or principal',
  STALE_CONNECTION: 'this process has a newer connection',
  EVICTED: 'this process has no running lease: go on under a new processId',
  WRONG_PROCESS: 'this connection belongs to another process',
} as const satisfies Partial<Record<RefusalCode, string>>

/** Makes a process known, or moves a known one to a newer connection. The connection is then its own for ever. */
export async function hello(deps: Deps, caller: Caller, message: Hello): Promise<StoreMessage> {
  const { processId, gen } = message
  const who: Introduction = {
    processId,
    secretHash: createHash('sha256').update(message.secret).digest('base64url'),
    principal: caller.principal,
    label: message.label,
    gen,
    connectionId: caller.connectionId,
    endpoint: caller.endpoint,
  }
  const refusal = await admit(deps, who)
  if (refusal !== undefined) {
    return { type: 'refused', code: refusal, message: REFUSALS[refusal], of: 'hello', gen }
  }
  return {
    type: 'welcome',
    v: PROTOCOL_VERSION,
    gen,
    leaseMs: deps.timing.leaseMs,
    incarnation: deps.incarnation,
    timing: deps.timing,
  }
}

/** The process record is written first: it proves the secret before the connection may speak for the process. */
async function admit(deps: Deps, who: Introduction): Promise<keyof typeof REFUSALS | undefined> {
  const nowMs = deps.nowMs()
  const isFirst = who.gen === 1
  const outcome = await deps.store.update(
    isFirst ? register(who, { leaseMs: deps.timing.leaseMs, nowMs }) : reconnect(who, nowMs),
  )
  const process = readProcess(outcome.item)
  if (!outcome.applied) {
    const plan = planHello(process, who, nowMs)
    if (plan !== 'welcome' && plan !== 'reconnect') return plan
    if (plan === 'reconnect') return 'STALE_CONNECTION'
  }
  const displaced = process && displacedConnection(process)
  const [bound] = await Promise.all([
    deps.store.update(bindConnection(who.connectionId, { processId: who.processId, nowMs })),
    displaced === undefined ? undefined : deps.store.remove('locks', connectionKey(displaced)),
  ])
  return bound.applied ? undefined : 'WRONG_PROCESS'
}
