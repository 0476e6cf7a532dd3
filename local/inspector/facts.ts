import { HASH_CHARS, PROCESS_CHARS } from '../../inspector/limits.js'
import type {
  Fact,
  LockFact,
  MessageFact,
  ProcessFact,
  RefusalFact,
  StateFact,
  StateOperation,
  Way,
} from '../../inspector/model/entry.js'
import type { Item } from '../../protocol/dynamodb.js'
import { NAMESPACE_PATTERN, PROCESS_ID_PATTERN, SESSION_KEY_PATTERN } from '../../protocol/keys.js'
import { readLock } from '../../protocol/lock/record.js'
import { isHttpsConnection } from '../../protocol/process/nowhere.js'
import { readProcess } from '../../protocol/process/record.js'

/**
 * Facts from what goes over the wire. Each field is taken by its name: a secret, an attribute or a whole hash that stands
 * beside it stays behind.
 */

const LOCK_PREFIX = 'S#'
const PROCESS_PREFIX = 'P#'
/** The messages of docs/internals/protocol.md. A client may send any text: of other types only that is told. */
const TYPES: ReadonlySet<string> = new Set([
  'hello',
  'acquire',
  'cancel',
  'release',
  'busy',
  'keep',
  'renew',
  'retire',
  'welcome',
  'granted',
  'queued',
  'released',
  'revoke',
  'lost',
  'renewed',
  'noted',
  'refused',
])
const SHOWN_HASH = new RegExp(`^[A-Za-z0-9_-]{${HASH_CHARS}}$`)
const CODE = /^[A-Z_]{1,40}$/

/** A session as it is shown. Undefined for what is no session's key: it might be anything. */
export function shownSession(key: unknown): string | undefined {
  if (typeof key !== 'string' || !SESSION_KEY_PATTERN.test(key)) return undefined
  return key.slice(0, key.indexOf('#') + 1 + HASH_CHARS)
}

/** Whether a text is a session as it is shown, and nothing else. */
export function isShownSession(value: unknown): value is string {
  const [namespace = '', hash = '', ...rest] = typeof value === 'string' ? value.split('#') : []
  return NAMESPACE_PATTERN.test(namespace) && SHOWN_HASH.test(hash) && rest.length === 0
}

export const shownProcess = (processId: string): string => processId.slice(0, PROCESS_CHARS)
export const shownConnection = (connectionId: string): string => connectionId.slice(0, PROCESS_CHARS)

/** A message as JSON, or undefined for anything else. */
export function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

export function messageFact(
  way: Way,
  message: Readonly<Record<string, unknown>>,
  process: string | undefined,
  delivery?: MessageFact['delivery'],
): MessageFact {
  const { type, nudge, contended, of, code } = message
  const session = shownSession(message.session)
  const numbers = Object.fromEntries(
    (['epoch', 'r', 'position'] as const).flatMap((name) =>
      typeof message[name] === 'number' ? [[name, message[name]]] : [],
    ),
  )
  return {
    kind: 'message',
    way,
    type: known(type) ?? 'unknown',
    process,
    ...(session === undefined ? {} : { session }),
    ...numbers,
    ...(nudge === undefined || nudge === false ? {} : { isNudge: true }),
    ...(contended === true ? { isContended: true } : {}),
    ...(known(of) === undefined ? {} : { of: known(of) as string }),
    ...(typeof code === 'string' && CODE.test(code) ? { code } : {}),
    ...(delivery === undefined ? {} : { delivery }),
  }
}

const known = (type: unknown): string | undefined => (typeof type === 'string' && TYPES.has(type) ? type : undefined)

/** The fact that a record of Locks tells: of a session's lock or of a process. Undefined for others and broken ones. */
export function recordFact(key: string, item: Item | undefined): LockFact | ProcessFact | undefined {
  try {
    if (key.startsWith(LOCK_PREFIX)) return lockFact(key.slice(LOCK_PREFIX.length), item)
    if (key.startsWith(PROCESS_PREFIX)) return processFact(key.slice(PROCESS_PREFIX.length), item)
  } catch {
    // A test may have put anything there.
  }
  return undefined
}

function lockFact(key: string, item: Item | undefined): LockFact | undefined {
  const [session, lock] = [shownSession(key), readLock(item)]
  if (session === undefined || lock === undefined) return undefined
  const { epoch, holder, waiters, askedAt, busyUntil } = lock
  return {
    kind: 'lock',
    session,
    epoch,
    ...(holder === undefined ? {} : { holder: shownProcess(holder.p) }),
    waiters: waiters.map(({ p }) => shownProcess(p)),
    ...(askedAt === undefined ? {} : { askedAt }),
    ...(busyUntil === undefined ? {} : { busyUntil }),
  }
}

function processFact(processId: string, item: Item | undefined): ProcessFact | undefined {
  const record = readProcess(item)
  if (record === undefined) return undefined
  const { label, connectionId, gen, leaseUntil, renewedAt, evictedAt, asks } = record
  return {
    kind: 'process',
    process: shownProcess(processId),
    label,
    connection: shownConnection(connectionId),
    gen,
    leaseUntil,
    renewedAt,
    ...(evictedAt === undefined ? {} : { evictedAt }),
    ...(isHttpsConnection(connectionId) ? { isHttps: true } : {}),
    asks: asks.size,
  }
}

/** A write to Locks that was refused. Undefined for other records than those of locks and processes. */
export function refusalFact(key: string, values: Item, outcome: string): RefusalFact | undefined {
  if (key.startsWith(PROCESS_PREFIX)) {
    const process = shownProcess(key.slice(PROCESS_PREFIX.length))
    return { kind: 'refusal', process, outcome }
  }
  const session = key.startsWith(LOCK_PREFIX) ? shownSession(key.slice(LOCK_PREFIX.length)) : undefined
  if (session === undefined) return undefined
  const process = processIn(values)
  return { kind: 'refusal', session, ...(process === undefined ? {} : { process }), outcome }
}

/** The process that a write names: in its own seat, a new place in the queue, or a condition. */
function processIn({ ':me': me, ':p': p, ':seen': seen }: Item): string | undefined {
  const seat = me ?? seen
  const id = seat !== undefined && 'M' in seat ? seat.M.p : p
  return id !== undefined && 'S' in id && PROCESS_ID_PATTERN.test(id.S) ? shownProcess(id.S) : undefined
}

/** An update of a table, as its sender wrote it. */
export interface TableUpdate {
  readonly Key?: { readonly pk?: { readonly S?: string } }
  readonly ReturnValues?: string
  readonly ExpressionAttributeValues?: Item
}

const CHANGE = /^:a\d+$/

export function stateFact(
  { Key, ReturnValues, ExpressionAttributeValues: values = {} }: TableUpdate,
  outcome: string,
  units: number,
  isRotation: boolean,
): StateFact | undefined {
  const session = shownSession(Key?.pk?.S)
  if (session === undefined) return undefined
  const operation = operationOf(values, ReturnValues, isRotation)
  const [epoch, alive] = [numberIn(values[':epoch']), numberIn(values[':alive'])]
  const whole = values[':attrs']
  const changes =
    whole !== undefined && 'M' in whole
      ? Object.keys(whole.M).length
      : Object.keys(values).filter((name) => CHANGE.test(name)).length
  return {
    kind: 'state',
    session,
    operation,
    epoch: epoch ?? 0,
    outcome,
    ...(operation === 'commit' || operation === 'rotate' ? { changes } : {}),
    // A rotation is billed twice, and for two records.
    ...(units > 0 && !isRotation ? { units } : {}),
    ...(alive === undefined ? {} : { aliveUntil: alive }),
  }
}

/** Claims alone ask for the record; a destroyed session has no life from then on. */
function operationOf(values: Item, returns: string | undefined, isRotation: boolean): StateOperation {
  if (isRotation) return ':alive' in values ? 'rotate' : 'destroy'
  if (returns === 'ALL_NEW') return ':unborn' in values ? 'birth' : 'claim'
  return ':alive' in values ? 'commit' : 'destroy'
}

const numberIn = (value: Item[string] | undefined): number | undefined =>
  value !== undefined && 'N' in value ? Number(value.N) : undefined

/** Whether this belongs to the stack's own start, which nobody needs to see. */
export const isWarmUp = (fact: Fact): boolean =>
  ('session' in fact && (fact.session ?? '').startsWith('holdfast-warm-up#')) ||
  (fact.kind === 'process' && fact.label === 'warm-up')
