import { createHash } from 'node:crypto'
import type { Item } from '../../protocol/dynamodb.js'
import { connectionKey, lockKey, processKey } from '../../protocol/keys.js'
import { FRESH_WAITERS_MAX, LOCK_TTL_MS, WAITERS_MAX } from '../../protocol/limits.js'
import { NOBODY, readLock, type Seat } from '../../protocol/lock/record.js'
import { readConnection, readProcess } from '../../protocol/process/record.js'
import type { Stage } from './stage.js'

/**
 * The changes that one message may make, written down from docs/internals/protocol.md, not from the code. All leases run and no
 * time is over, so only a retired process may be reclaimed from, and nobody may be evicted.
 */

export type Table = ReadonlyMap<string, Item>
/** The fields of a message, valid or not. */
export type Said = { readonly [field: string]: unknown }

interface Lock {
  readonly epoch: number
  readonly holder: Seat
  readonly waiters: readonly Seat[]
  readonly askedAt?: number | undefined
  readonly busyUntil?: number | undefined
  readonly expiresAt: number
}

/** The first change that the message had no right to make, or undefined. */
export function wrongChange(stage: Stage, connectionId: string, said: Said, before: Table, after: Table) {
  const sender = readConnection(before.get(connectionKey(connectionId))).processId
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [old, now] = [before.get(key), after.get(key)]
    if (old === now || same(old, now)) continue
    const isAllowed =
      said.type === 'hello'
        ? isByHello(key, old, now, said, connectionId, before)
        : sender !== undefined &&
          (key === lockKey(String(said.session))
            ? allowedLocks(stage, old, sender, said).some((lock) => same(lock, lockOf(now)))
            : isByProcess(stage, key, old, now, sender, said))
    if (!isAllowed) return `${key} was ${JSON.stringify(old)}, is ${JSON.stringify(now)}`
  }
  return undefined
}

const ordered = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
/** Equal to the byte, but for the order of attributes, which DynamoDB does not keep. */
const same = (a: unknown, b: unknown): boolean =>
  JSON.stringify(a, (_, value) => ordered(value)) === JSON.stringify(b, (_, value) => ordered(value))

function lockOf(item: Item | undefined): Lock | undefined {
  const lock = readLock(item)
  if (lock === undefined) return undefined
  const { epoch, holder = NOBODY, waiters, askedAt, busyUntil } = lock
  return { epoch, holder, waiters, askedAt, busyUntil, expiresAt: numberOf(item, 'expiresAt') }
}

function numberOf(item: Item | undefined, name: string): number {
  const value = item?.[name]
  return value !== undefined && 'N' in value ? Number(value.N) : Number.NaN
}

/** The lock records that a message of process `p` may leave behind. */
function allowedLocks(stage: Stage, item: Item | undefined, p: string, said: Said): readonly Lock[] {
  const { nowMs, timing } = stage
  const { type } = said
  const [r, epoch] = [said.r as number, said.epoch as number]
  const expiresAt = Math.ceil((nowMs + LOCK_TTL_MS) / 1000)
  const lock = lockOf(item)
  const handOn = ({ epoch: held, waiters: [first = NOBODY, ...rest] }: Lock): Lock =>
    skipRetired({ epoch: held + 1, holder: first, waiters: rest, expiresAt })
  /** A lock of a retired process goes to the next in line, as soon as anybody looks. */
  const skipRetired = (found: Lock): Lock =>
    found.holder.p !== p && isRetired(stage, found.holder.p) ? handOn(found) : found

  if (type === 'acquire') {
    const above = said.above as number | undefined
    return acquired(stage, lock, { p, r }, { above, placesMax: placesMaxOf(said) }, handOn, skipRetired)
  }
  if (lock === undefined) return []
  const { holder } = lock
  if (type === 'cancel' && holder.p !== p) {
    const waiters = lock.waiters.filter((waiter) => waiter.p !== p || waiter.r > r)
    return [{ ...lock, waiters, askedAt: waiters.length === 0 ? undefined : lock.askedAt }]
  }
  if (type === 'cancel') return r >= holder.r ? [handOn(lock)] : []
  if (type === 'release' && epoch === lock.epoch - 1) return [skipRetired(lock)]
  if (holder.p !== p || epoch !== lock.epoch) return []
  if (type === 'release') return [handOn(lock)]
  if (type === 'keep') return [{ ...lock, expiresAt }]
  return type === 'busy' && lock.busyUntil === undefined ? [{ ...lock, busyUntil: nowMs + timing.maxBusyMs }] : []
}

function isRetired({ memory }: Stage, p: string): boolean {
  const process = p === '' ? undefined : readProcess(memory.getNow('locks', processKey(p)))
  return process?.evictedAt !== undefined && process.leaseUntil === 0
}

/** Who says that it found the queue full may have any of the last places: it could have waited for so long. */
const placesMaxOf = ({ since }: Said): number => (since === undefined ? FRESH_WAITERS_MAX : WAITERS_MAX)

function acquired(
  stage: Stage,
  lock: Lock | undefined,
  me: Seat,
  said: { readonly above: number | undefined; readonly placesMax: number },
  handOn: (lock: Lock) => Lock,
  skipRetired: (lock: Lock) => Lock,
): readonly Lock[] {
  const { nowMs, timing } = stage
  const { above, placesMax } = said
  const expiresAt = Math.ceil((nowMs + LOCK_TTL_MS) / 1000)
  const again = (found: Lock) => acquired(stage, found, me, said, handOn, skipRetired)
  const jumped = Math.max(nowMs, above ?? 0) + 1
  const fresh = (epoch: number): Lock => ({ epoch, holder: me, waiters: [], expiresAt })
  if (lock === undefined) return [fresh(jumped)]
  const { epoch, holder, waiters, askedAt } = lock
  if (holder.p === '') {
    return above !== undefined && jumped > epoch ? [fresh(jumped), fresh(epoch + 1)] : [fresh(epoch + 1)]
  }
  if (holder.p !== me.p) {
    const isLeft = skipRetired(lock) !== lock
    const inLine = queued(lock, me, nowMs, placesMax)
    return isLeft ? [...inLine.map(skipRetired), ...again(skipRetired(lock))] : inLine
  }
  if (me.r <= holder.r) return []
  // A fence lifts the epoch in place, but for a holder that was asked long enough ago.
  const isOverdue = nowMs - (askedAt ?? nowMs) > 2 * timing.nudgeAfterMs + timing.roundTripMs
  if (above !== undefined && above >= epoch && !isOverdue) {
    return [{ epoch: above + 1, holder: me, waiters, askedAt, expiresAt }]
  }
  return waiters.length === 0 ? [fresh(epoch + 1)] : again(handOn(lock))
}

/** A process waits for another's lock: only its own seat may change, and the ask may be dated where it was not. */
function queued(lock: Lock, me: Seat, nowMs: number, placesMax: number): readonly Lock[] {
  const { waiters } = lock
  const askedAt = lock.askedAt ?? nowMs
  const place = waiters.findIndex(({ p }) => p === me.p)
  const seen = waiters[place]
  if (seen !== undefined) {
    const replaced = waiters.with(place, me)
    return me.r < seen.r ? [] : [lock, { ...lock, askedAt }].map((found) => ({ ...found, waiters: replaced }))
  }
  // A process without a place presses the holder like a waiter.
  const outside = { ...lock, askedAt }
  const inside = { ...lock, waiters: [...waiters, me], askedAt: waiters.length === 0 ? nowMs : askedAt }
  if (waiters.length < FRESH_WAITERS_MAX) return [inside]
  return waiters.length < placesMax ? [inside, outside] : [outside]
}

/** Process records: one's own lease and asks; of a holder for whom one waits, the ask for that session. */
function isByProcess(
  stage: Stage,
  key: string,
  old: Item | undefined,
  now: Item | undefined,
  p: string,
  said: Said,
): boolean {
  if (old === undefined || now === undefined) return false
  const session = String(said.session)
  if (key !== processKey(p)) {
    const lock = stage.lock(session)
    if (said.type !== 'acquire' || said.nudge !== true || key !== processKey(lock?.holder?.p ?? '')) return false
    const { waiters = [] } = lock ?? {}
    if (waiters.length < FRESH_WAITERS_MAX && !waiters.some((waiter) => waiter.p === p)) return false
    const ask = readProcess(now)?.asks.get(session)
    return ask?.epoch === lock?.epoch && ask?.at === stage.nowMs && differOnlyIn(old, now, ['asks'], session)
  }
  if (said.type === 'renew') return differOnlyIn(old, now, ['leaseUntil', 'renewedAt', 'expiresAt'])
  if (said.type === 'retire') return differOnlyIn(old, now, ['leaseUntil', 'evictedAt'])
  return said.type === 'release' && differOnlyIn(old, now, ['asks'], session)
}

/** `ask` is the only one of `asks` that may differ. */
function differOnlyIn(old: Item, now: Item, names: readonly string[], ask?: string): boolean {
  const without = (item: Item) => Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name)))
  const others = (item: Item) => Object.fromEntries([...(readProcess(item)?.asks ?? [])].filter(([key]) => key !== ask))
  return same(without(old), without(now)) && same(others(old), others(now))
}

/** A hello makes a process of a new name, or moves one whose secret it knows; and it binds its connection. */
function isByHello(
  key: string,
  old: Item | undefined,
  now: Item | undefined,
  said: Said,
  connectionId: string,
  before: Table,
): boolean {
  const { processId, gen } = said
  const secretHash = createHash('sha256').update(String(said.secret)).digest('base64url')
  if (key === processKey(String(processId))) {
    const process = readProcess(now)
    if (process?.secretHash !== secretHash || process.connectionId !== connectionId || process.gen !== gen) return false
    if (old === undefined) return gen === 1 && process.evictedAt === undefined
    const older = Object.keys(now ?? {}).filter((name) => /^older\d$/.test(name))
    const isNewer = (readProcess(old)?.gen ?? 0) < (gen as number)
    return isNewer && differOnlyIn(old, now as Item, ['connectionId', 'endpoint', 'gen', ...older])
  }
  if (key === connectionKey(connectionId)) {
    const [was, is] = [readConnection(old), readConnection(now)]
    return was.principal !== undefined && is.principal === was.principal && is.processId === processId
  }
  // The connection that one too many displaced: of the very process that the hello has proven to be.
  const own = readProcess(before.get(processKey(String(processId))))
  return (
    key.startsWith('C#') &&
    now === undefined &&
    own?.secretHash === secretHash &&
    own.olderConnections.some((id) => connectionKey(id) === key)
  )
}
