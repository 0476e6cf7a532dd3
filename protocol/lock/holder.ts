import type { SessionKey } from '../keys.js'
import { ASKS_MAX } from '../limits.js'
import type { Ask, ProcessRecord } from '../process/record.js'
import { termOf } from '../process/terms.js'
import type { Moment, Timing } from '../timing.js'
import type { Holder, LockRecord } from './record.js'

/** The store's decisions on a lock's holder: does it still hold, must it be asked, may the lock be taken from it? */

/** The record names this process as the holder under this epoch. */
export const isHeldBy = (lock: LockRecord | undefined, { holder, epoch }: Holder): boolean =>
  lock?.holder?.p === holder && lock.epoch === epoch

/** The store may take back all that this process holds: its lease is over beyond doubt. */
export const isLeaseOver = (process: ProcessRecord, timing: Timing, nowMs: number): boolean =>
  process.leaseUntil + termOf(process, timing, 'storeMarginMs') < nowMs

/**
 * The first ask of a holder that lives and is not busy is a push and nothing else. It needs to know only where the holder
 * listens, so that may be remembered.
 */
export const isPushEnough = ({ lock, nudged }: Pick<Waited, 'lock' | 'nudged'>): boolean =>
  !nudged && lock.busyUntil === undefined

/** What to do about a holder for whom somebody waits. */
export type HolderStep =
  | { readonly kind: 'reclaim'; readonly tellHolder: boolean }
  | { readonly kind: 'revoke'; readonly dateAsk: boolean; readonly note: Note | undefined; readonly evict: boolean }

/** How an ask is left for the holder's next renewal: by name or, where there is no room, as one more. */
export type Note = 'ask' | 'more'

/** A holder for whom somebody waits, and how it was found. */
interface Waited {
  readonly session: SessionKey
  readonly lock: LockRecord
  /** Undefined where the holder's record is gone. */
  readonly process: ProcessRecord | undefined
  /** The waiter's request was repeated. */
  readonly nudged: boolean
}

/**
 * Ask or reclaim. The push for a fresh acquire may be enough, so it writes nothing. A nudge means that the push was not
 * enough: the ask is then left in the process record too, where the holder's next renewal finds it.
 */
export function decideHolder({ session, lock, process, nudged }: Waited, { timing, nowMs }: Moment): HolderStep {
  if (process === undefined || isLeaseOver(process, timing, nowMs)) return { kind: 'reclaim', tellHolder: false }
  if (lock.busyUntil !== undefined && lock.busyUntil + termOf(process, timing, 'storeMarginMs') < nowMs) {
    return { kind: 'reclaim', tellHolder: true }
  }
  const noted = process.asks.get(session)
  return {
    kind: 'revoke',
    dateAsk: nudged && lock.askedAt === undefined,
    note: nudged && process.evictedAt === undefined ? noteIn(process, session, lock) : undefined,
    evict: nudged && process.evictedAt === undefined && isDeaf(lock, noted, process, timing, nowMs),
  }
}

/** The next renewal of this process names the ask for the session in this epoch. */
export const isNoted = (
  process: ProcessRecord | undefined,
  session: SessionKey,
  { epoch }: Pick<LockRecord, 'epoch'>,
): boolean => process?.asks.get(session)?.epoch === epoch

function noteIn(process: ProcessRecord, session: SessionKey, lock: LockRecord): Note | undefined {
  // A holder that says busy has heard of it.
  if (lock.busyUntil !== undefined || isNoted(process, session, lock)) return undefined
  // An ask of another epoch gives its place to this one.
  return process.asks.has(session) || process.asks.size < ASKS_MAX ? 'ask' : 'more'
}

/** A holder that has renewed since the ask was noted has heard it. Silence beyond answerTimeoutMs is then refusal. */
const isDeaf = (lock: LockRecord, noted: Ask | undefined, process: ProcessRecord, timing: Timing, nowMs: number) =>
  lock.busyUntil === undefined &&
  lock.askedAt !== undefined &&
  noted?.epoch === lock.epoch &&
  // An earlier waiter, gone by now, may have dated the ask long before the holder could hear of it.
  Math.max(lock.askedAt, noted.at) + termOf(process, timing, 'answerTimeoutMs') < nowMs &&
  process.renewedAt > noted.at
