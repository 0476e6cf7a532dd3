import type { LockRecord, Seat } from '../../protocol/lock/record.js'
import type { ProcessRecord } from '../../protocol/process/record.js'

/** With so many waiters a queue may have no place for one more. */
const FULL_FROM = 48

type Counts = Map<string, number>

/** The turns of principals at each lock, by who they are and not by what the lock record says of them. */
export class TurnsWatch {
  private readonly principals = new Map<string, string>()
  /** By lock, and by principal that waits: how often each other one was served since it waits, or was served. */
  private readonly served = new Map<string, Map<string, Counts>>()

  knows(key: string, { principal }: ProcessRecord): void {
    this.principals.set(key.slice(2), principal)
  }

  /** Faults have changed the record of this lock. */
  forget(key: string): void {
    this.served.delete(key)
  }

  /** What is wrong with a handoff. */
  handedOver(key: string, was: LockRecord, is: LockRecord): string | undefined {
    const mine = is.holder && this.principalOf(is.holder)
    const first = was.waiters.find((waiter) => this.principalOf(waiter) === mine)
    if (first?.p !== is.holder?.p) return 'a lock went past the first in line of a principal'
    if (first === undefined) return was.waiters.length > 0 ? 'a lock was freed while others wait' : undefined
    return this.countTurn(key, mine ?? '', was, is)
  }

  private countTurn(key: string, mine: string, was: LockRecord, is: LockRecord): string | undefined {
    const served = this.served.get(key) ?? new Map<string, Counts>()
    this.served.set(key, served)
    const waiting = this.principalsOf(is)
    served.delete(mine)
    for (const principal of served.keys()) if (!waiting.has(principal)) served.delete(principal)
    for (const principal of this.principalsOf(was)) {
      if (principal === mine || !waiting.has(principal)) continue
      const counts = served.get(principal) ?? new Map<string, number>()
      served.set(principal, counts.set(mine, (counts.get(mine) ?? 0) + 1))
      if ((counts.get(mine) ?? 0) > 1) return 'a principal was served twice while another waited'
    }
    return undefined
  }

  /** A principal whose last waiter leaves begins a new wait with its next one. */
  changed(key: string, { waiters }: LockRecord): void {
    const served = this.served.get(key)
    if (served === undefined) return
    const waiting = this.principalsOf({ waiters })
    for (const principal of served.keys()) if (!waiting.has(principal)) served.delete(principal)
  }

  /** Whether this waiter may have lost its place to another principal, which had fewer. */
  mayLose(lost: Seat, was: LockRecord, is: LockRecord): boolean {
    const lostTo = is.waiters.filter(({ p }) => was.waiters.every((waiter) => waiter.p !== p))
    const [newcomer] = lostTo
    if (newcomer === undefined || lostTo.length > 1 || was.waiters.length < FULL_FROM) return false
    const placesOf = (seat: Seat) => was.waiters.filter((waiter) => this.principalOf(waiter) === this.principalOf(seat))
    return placesOf(lost).at(-1)?.p === lost.p && placesOf(newcomer).length + 2 <= placesOf(lost).length
  }

  /** Whether the processes of each principal that wait still do so in their order. */
  isOrdered(was: LockRecord, is: LockRecord): boolean {
    const places = new Map(was.waiters.map(({ p }, index) => [p, index]))
    const last = new Map<string, number>()
    return is.waiters.every((waiter) => {
      const principal = this.principalOf(waiter)
      const place = places.get(waiter.p) ?? Number.POSITIVE_INFINITY
      const isBehind = place >= (last.get(principal) ?? 0)
      last.set(principal, place)
      return isBehind
    })
  }

  private principalsOf({ waiters }: Pick<LockRecord, 'waiters'>): ReadonlySet<string> {
    return new Set(waiters.map((waiter) => this.principalOf(waiter)))
  }

  private principalOf({ p }: Seat): string {
    return this.principals.get(p) ?? ''
  }
}
