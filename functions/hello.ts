import { createHash } from 'node:crypto'
import { connectionKey } from '../protocol/keys.js'
import { PROTOCOL_VERSION } from '../protocol/limits.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../protocol/messages.js'
import { displacedConnection, planHello } from '../protocol/process/hello.js'
import { readConnection, readProcess } from '../protocol/process/record.js'
import { bindConnection, type Introduction, reconnect, register } from '../protocol/process/writes.js'
import type { Address, Deps } from './ports.js'

type Hello = Extract<ClientMessage, { type: 'hello' }>

const REFUSALS = {
  WRONG_SECRET: 'this process is known under another secret or principal',
  STALE_CONNECTION: 'this process has a newer connection',
  EVICTED: 'this process has no running lease: go on under a new processId',
  WRONG_PROCESS: 'this connection belongs to another process',
  INTERNAL: 'the store has no record of who opened this connection: open another one',
} as const satisfies Partial<Record<RefusalCode, string>>
type Refusal = keyof typeof REFUSALS

/** Makes a process known, or moves a known one to a newer connection. The connection is then its own for ever. */
export async function hello(deps: Deps, caller: Address, message: Hello): Promise<StoreMessage> {
  const { gen } = message
  const refusal = await greet(deps, caller, message)
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

/**
 * Only the record that `$connect` has left says who speaks: API Gateway authorizes a connection, and nothing documents
 * that its messages name the caller. A connection without it is closed already, or was opened before functions wrote it.
 */
async function greet(deps: Deps, caller: Address, message: Hello): Promise<Refusal | undefined> {
  const { principal } = readConnection(await deps.store.get('locks', connectionKey(caller.connectionId)))
  if (principal === undefined) return 'INTERNAL'
  const { processId, secret, label, gen } = message
  const secretHash = createHash('sha256').update(secret).digest('base64url')
  const { connectionId, endpoint } = caller
  return admit(deps, { processId, secretHash, principal, label, gen, connectionId, endpoint })
}

/** The process record is written first: it proves the secret before the connection may speak for the process. */
async function admit(deps: Deps, who: Introduction): Promise<Refusal | undefined> {
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
  if (bound.applied) return undefined
  return readConnection(bound.item).principal === undefined ? 'INTERNAL' : 'WRONG_PROCESS'
}
