import { invariant } from '../protocol/assert.js'
import { connectionKey } from '../protocol/keys.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../protocol/messages.js'
import { displacedConnection, planHello } from '../protocol/process/hello.js'
import { NOWHERE } from '../protocol/process/nowhere.js'
import { type ProcessRecord, readConnection, readProcess } from '../protocol/process/record.js'
import { givenLeaseMs } from '../protocol/process/renewal.js'
import { bindConnection, type Introduction, reconnect, register } from '../protocol/process/writes.js'
import type { Address, Deps } from './ports.js'
import { secretHashOf } from './secret-hash.js'
import { putTermsOnRecord } from './terms.js'

export type Hello = Extract<ClientMessage, { type: 'hello' }>

const REFUSALS = {
  WRONG_SECRET: 'this process is known under another secret or principal',
  STALE_CONNECTION: 'this process has a newer connection',
  EVICTED: 'this process has no running lease: go on under a new processId',
  WRONG_PROCESS: 'this connection belongs to another process',
  INTERNAL: 'the store has no record of who opened this connection: open another one',
} as const satisfies Partial<Record<RefusalCode, string>>
type Refusal = keyof typeof REFUSALS

/** Makes a process known, or moves a known one to a newer connection. The connection is then its own for ever. */
export const hello = (deps: Deps, caller: Address, message: Hello): Promise<StoreMessage> =>
  answerTo(deps, message, greet(deps, caller, message))

/** The same over HTTPS, where each request names its principal: no connection has to be bound to the process. */
export function helloOverHttps(
  deps: Deps,
  { principal, connectionId }: { readonly principal: string; readonly connectionId: string },
  message: Hello,
): Promise<StoreMessage> {
  const who = introduction(message, principal, { connectionId, endpoint: NOWHERE })
  return answerTo(
    deps,
    message,
    admit(deps, who, async () => undefined),
  )
}

async function answerTo(deps: Deps, message: Hello, greeting: Promise<Refusal | ProcessRecord>): Promise<StoreMessage> {
  const { v, gen, processId } = message
  const { timing } = deps
  // Read each time: so a process that says hello after a change is not ended by it.
  const [greeted, incarnation] = await Promise.all([greeting, deps.incarnation.read()])
  if (typeof greeted === 'string') {
    return { type: 'refused', code: greeted, message: REFUSALS[greeted], of: 'hello', gen }
  }
  await putTermsOnRecord(deps, processId, greeted)
  const leaseMs = givenLeaseMs(greeted, timing)
  return { type: 'welcome', v, gen, leaseMs, incarnation: String(incarnation), timing }
}

/**
 * Only the record that `$connect` has left says who speaks: API Gateway authorizes a connection, and nothing documents
 * that its messages name the caller. A connection without it is closed already, or was opened before functions wrote it.
 */
async function greet(deps: Deps, caller: Address, message: Hello): Promise<Refusal | ProcessRecord> {
  const { principal } = readConnection(await deps.store.get('locks', connectionKey(caller.connectionId)))
  if (principal === undefined) return 'INTERNAL'
  const who = introduction(message, principal, caller)
  return admit(deps, who, () => bind(deps, who))
}

const introduction = (
  { processId, secret, label, gen }: Hello,
  principal: string,
  { connectionId, endpoint }: Address,
): Introduction => ({ processId, secretHash: secretHashOf(secret), principal, label, gen, connectionId, endpoint })

/** The process record is written first: it proves the secret before the connection may speak for the process. */
async function admit(
  deps: Deps,
  who: Introduction,
  attach: () => Promise<Refusal | undefined>,
): Promise<Refusal | ProcessRecord> {
  const nowMs = deps.nowMs()
  const isFirst = who.gen === 1
  const outcome = await deps.store.update(
    isFirst ? register(who, { timing: deps.timing, nowMs }) : reconnect(who, nowMs),
  )
  const process = readProcess(outcome.item)
  if (!outcome.applied) {
    const plan = planHello(process, who, nowMs)
    if (plan !== 'welcome' && plan !== 'reconnect') return plan
    if (plan === 'reconnect') return 'STALE_CONNECTION'
  }
  invariant(process !== undefined, 'a process that is greeted has a record')
  const displaced = displacedConnection(process)
  const [refusal] = await Promise.all([
    attach(),
    displaced === undefined ? undefined : deps.store.remove('locks', connectionKey(displaced)),
  ])
  return refusal ?? process
}

async function bind(deps: Deps, { connectionId, processId }: Introduction): Promise<Refusal | undefined> {
  const bound = await deps.store.update(bindConnection(connectionId, { processId, nowMs: deps.nowMs() }))
  if (bound.applied) return undefined
  return readConnection(bound.item).principal === undefined ? 'INTERNAL' : 'WRONG_PROCESS'
}
