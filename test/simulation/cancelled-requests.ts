import type { Seat } from '../../protocol/lock/record.js'

/** The newest request of each process for each lock that it has taken back. */
export class CancelledRequests {
  private readonly newest = new Map<string, number>()

  add(lock: string, { p, r }: Seat): void {
    const key = `${lock} ${p}`
    this.newest.set(key, Math.max(r, this.newest.get(key) ?? 0))
  }

  /** Whether it has taken this one back, or a newer one. */
  has(lock: string, { p, r }: Seat): boolean {
    return (this.newest.get(`${lock} ${p}`) ?? 0) >= r
  }
}
