import {
  KEPT_MS,
  LOCK_NAME_CHARS_MAX,
  LOCK_NAMES_MAX,
  LOCKS_BATCH_MAX,
  LOCKS_PER_SECOND_MAX,
} from '../../../inspector/limits.js'
import type { LocksFact } from '../../../inspector/model/entry.js'
import { isShownSession, parsed } from '../facts.js'

const SECOND_MS = 1_000
const USE = /^[\w-]{1,24}$/

/**
 * The facts in a request of an application, each field taken by its name. Undefined for anything else. `nowMs`: the time
 * of the stack, which no fact may be ahead of.
 */
export function readLocks(body: string, nowMs: number): readonly LocksFact[] | undefined {
  const { facts } = parsed(body) ?? {}
  if (!Array.isArray(facts) || facts.length > LOCKS_BATCH_MAX) return undefined
  const read = facts.map((fact: unknown) => readFact(fact, nowMs))
  return read.includes(undefined) ? undefined : (read as readonly LocksFact[])
}

function readFact(value: unknown, nowMs: number): LocksFact | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { session, epoch, use, label, all, write, read, more, since, from, to, untold } = value as Record<
    string,
    unknown
  >
  const isWhole = all === undefined || all === 'write' || all === 'read'
  if (!isShownSession(session) || !isCount(epoch) || !isWhole || !isText(label)) return undefined
  if (typeof use !== 'string' || !USE.test(use) || !areNames(write) || !areNames(read)) return undefined
  const times = [since, from ?? since, to ?? from ?? since]
  if (!times.every((at) => isTime(at, nowMs)) || write.length + read.length > LOCK_NAMES_MAX) return undefined
  const [began, got, ended] = (times as readonly number[]).map((at) => Math.min(at, nowMs)) as [number, number, number]
  if (began > got || got > ended) return undefined
  return {
    kind: 'locks',
    session,
    epoch,
    use,
    label,
    ...(all === undefined ? {} : { all }),
    write,
    read,
    ...(isCount(more) ? { more } : {}),
    since: began,
    ...(from === undefined ? {} : { from: got }),
    ...(to === undefined ? {} : { to: ended }),
    ...(isCount(untold) ? { untold } : {}),
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= LOCK_NAME_CHARS_MAX

const areNames = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= LOCK_NAMES_MAX && value.every(isText)

/** Two processes of one machine may differ a little. */
const isTime = (at: unknown, nowMs: number): boolean =>
  typeof at === 'number' && at > nowMs - KEPT_MS && at < nowMs + SECOND_MS

/** So many locks are taken in a second, from all processes together: they must not displace what the stack itself tells. */
export class LockBudget {
  private secondBeganMs = Number.NEGATIVE_INFINITY
  private taken = 0

  /** Returns false, and takes nothing, where it is too many. */
  take(count: number, nowMs: number): boolean {
    if (nowMs - this.secondBeganMs >= SECOND_MS) {
      this.secondBeganMs = nowMs
      this.taken = 0
    }
    if (this.taken + count > LOCKS_PER_SECOND_MAX) return false
    this.taken += count
    return true
  }
}
