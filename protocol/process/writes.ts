import { num, str, ttlSeconds, type Update } from '../dynamodb.js'
import { connectionKey, processKey, type SessionKey } from '../keys.js'
import { ASKS_MAX, CONNECTION_TTL_MS, PROCESS_TTL_MS, SCHEMA_VERSION } from '../limits.js'
import type { Moment } from '../timing.js'
import { OLDER_CONNECTIONS } from './record.js'
import { TERMS, type Terms } from './terms.js'

/** Every write to process and connection records, each ONE conditional UpdateItem. */

const UNKNOWN = 'attribute_not_exists(leaseUntil)'
const KNOWN = 'attribute_exists(leaseUntil)'
const NOT_EVICTED = 'attribute_not_exists(evictedAt)'
const LEASE_RUNS = 'leaseUntil >= :now'
const SAME_OWNER = 'secretHash = :secretHash AND principal = :principal'
const FIRST_TERMS = TERMS.map((term) => `${term} = :${term}`).join(', ')
const NEWER_CONNECTION = 'gen < :gen'
const HAS_ROOM = '(attribute_not_exists(asks.#session) AND size(asks) < :max)'
const OTHER_EPOCH_NOTED = '(attribute_exists(asks.#session) AND asks.#session.epoch <> :epoch)'

/** Each older connection moves one place back, to make room for the present one. All are read before any is written. */
const SHIFT_CONNECTIONS = OLDER_CONNECTIONS.map((name, index) =>
  index === 0 ? `${name} = connectionId` : `${name} = if_not_exists(${OLDER_CONNECTIONS[index - 1]}, :none)`,
).join(', ')

/** A process as `hello` and its connection introduce it. */
export interface Introduction {
  readonly processId: string
  readonly secretHash: string
  readonly principal: string
  readonly label: string
  readonly gen: number
  readonly connectionId: string
  readonly endpoint: string
}

const onProcess = (processId: string) => ({ table: 'locks', key: processKey(processId), returns: 'new' }) as const

/** A lease that starts at `nowMs`. */
interface Lease {
  readonly leaseMs: number
  readonly nowMs: number
}

/**
 * Makes a process known, with its first lease and its terms. Only its first connection does this: a reconnect never
 * revives one.
 */
export const register = (who: Introduction, { timing, nowMs }: Moment): Update => ({
  ...onProcess(who.processId),
  condition: UNKNOWN,
  update:
    'SET connectionId = :connection, endpoint = :endpoint, gen = :gen, leaseUntil = :until, renewedAt = :now, ' +
    'secretHash = :secretHash, principal = :principal, label = :label, asks = :none, #schema = :schema, ' +
    `expiresAt = :expires, ${FIRST_TERMS}`,
  names: { '#schema': 'schema' },
  values: {
    ':connection': str(who.connectionId),
    ':endpoint': str(who.endpoint),
    ':gen': num(who.gen),
    ':until': num(nowMs + timing.leaseMs),
    ':now': num(nowMs),
    ':secretHash': str(who.secretHash),
    ':principal': str(who.principal),
    ':label': str(who.label),
    ':none': { M: {} },
    ':schema': num(SCHEMA_VERSION),
    ':expires': ttlSeconds(nowMs + timing.leaseMs + PROCESS_TTL_MS),
    ...Object.fromEntries(TERMS.map((term) => [`:${term}`, num(timing[term])])),
  },
})

/**
 * Moves a process to a newer connection, on proof of its secret, and remembers as many older ones as may still speak
 * for it. The lease is left alone: only `renew` extends it.
 */
export const reconnect = (who: Introduction, nowMs: number): Update => ({
  ...onProcess(who.processId),
  condition: `${SAME_OWNER} AND ${NEWER_CONNECTION} AND ${NOT_EVICTED} AND ${LEASE_RUNS}`,
  update: `SET connectionId = :connection, endpoint = :endpoint, gen = :gen, ${SHIFT_CONNECTIONS}`,
  values: {
    ':connection': str(who.connectionId),
    ':endpoint': str(who.endpoint),
    ':gen': num(who.gen),
    ':secretHash': str(who.secretHash),
    ':principal': str(who.principal),
    ':none': str(''),
    ':now': num(nowMs),
  },
})

/** Records who opened this connection, for ever. Its record is no older than the connection. */
export const introduceConnection = (
  connectionId: string,
  { principal, nowMs }: { readonly principal: string; readonly nowMs: number },
): Update => ({
  table: 'locks',
  key: connectionKey(connectionId),
  condition: 'attribute_not_exists(principal) OR principal = :principal',
  update: 'SET principal = :principal, expiresAt = :expires',
  values: { ':principal': str(principal), ':expires': ttlSeconds(nowMs + CONNECTION_TTL_MS) },
  returns: 'none',
})

/** Records the process that this connection belongs to, for ever. It makes no record: the connection may be closed. */
export const bindConnection = (
  connectionId: string,
  { processId, nowMs }: { readonly processId: string; readonly nowMs: number },
): Update => ({
  table: 'locks',
  key: connectionKey(connectionId),
  condition: 'attribute_exists(principal) AND (attribute_not_exists(processId) OR processId = :p)',
  update: 'SET processId = :p, expiresAt = :expires',
  values: { ':p': str(processId), ':expires': ttlSeconds(nowMs + CONNECTION_TTL_MS) },
  returns: 'none',
})

/** Extends a running lease. It never revives a lapsed lease, and a late copy never shortens one. */
export const renew = (processId: string, { leaseMs, nowMs }: Lease): Update => ({
  ...onProcess(processId),
  condition: `${KNOWN} AND ${NOT_EVICTED} AND ${LEASE_RUNS} AND leaseUntil <= :until`,
  update: 'SET leaseUntil = :until, renewedAt = :now, expiresAt = :expires',
  values: {
    ':until': num(nowMs + leaseMs),
    ':now': num(nowMs),
    ':expires': ttlSeconds(nowMs + leaseMs + PROCESS_TTL_MS),
  },
})

/** The store keeps to a longer time for this process, from now on. */
export const raiseTerm = (processId: string, term: keyof Terms, ms: number): Update => ({
  ...onProcess(processId),
  condition: `${KNOWN} AND (attribute_not_exists(#term) OR #term < :ms)`,
  update: 'SET #term = :ms',
  names: { '#term': term },
  values: { ':ms': num(ms) },
})

/** A session of which a process holds this epoch. */
interface AskedFor {
  readonly session: SessionKey
  readonly epoch: number
}

/**
 * Leaves an ask in the holder's process record, so that its next renewal carries it. It replaces an ask of any other
 * epoch: the lock record may have fallen behind since that one was noted.
 */
export const noteAsk = (
  processId: string,
  { session, epoch, nowMs }: AskedFor & { readonly nowMs: number },
): Update => ({
  ...onProcess(processId),
  condition: `${KNOWN} AND (${HAS_ROOM} OR ${OTHER_EPOCH_NOTED})`,
  update: 'SET asks.#session = :ask',
  names: { '#session': session },
  values: {
    ':max': num(ASKS_MAX),
    ':epoch': num(epoch),
    ':ask': { M: { epoch: num(epoch), at: num(nowMs) } },
  },
})

/** Counts an ask that finds no room, so that the next renewal tells the holder to look for itself. */
export const noteMore = (processId: string): Update => ({
  ...onProcess(processId),
  condition: KNOWN,
  update: 'SET moreAsks = if_not_exists(moreAsks, :zero) + :one',
  values: { ':zero': num(0), ':one': num(1) },
})

/** Forgets an ask that was answered. */
export const forgetAsk = (processId: string, { session, epoch }: AskedFor): Update => ({
  ...onProcess(processId),
  condition: 'asks.#session.epoch <= :epoch',
  update: 'REMOVE asks.#session',
  names: { '#session': session },
  values: { ':epoch': num(epoch) },
})

/** Refuses a deaf process its renewals: its lease then runs out, and its locks are reclaimed. */
export const evict = (processId: string, nowMs: number): Update => ({
  ...onProcess(processId),
  condition: `${KNOWN} AND ${NOT_EVICTED}`,
  update: 'SET evictedAt = :now',
  values: { ':now': num(nowMs) },
})

/** Ends a process at its own request: its lease is over at once, and no late renewal revives it. */
export const retire = (processId: string, nowMs: number): Update => ({
  ...onProcess(processId),
  condition: KNOWN,
  update: 'SET evictedAt = :now, leaseUntil = :over',
  values: { ':now': num(nowMs), ':over': num(0) },
})
