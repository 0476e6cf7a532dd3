import type { SessionKey } from '../../protocol/keys.js'
import { RecentMap } from '../../protocol/recent-map.js'
import { RELEASED_AGAIN_MAX, RELEASED_AGAIN_MS } from '../limits.js'
import type { Clock } from '../ports.js'

/**
 * Locks for which the store has asked although this process does not hold them. Each process that begins to wait has the
 * store ask, and a crowd does so at once: one answer is enough.
 */
export class ReleasedAgain {
  private readonly atMs = new RecentMap<string, number>(RELEASED_AGAIN_MAX)

  constructor(private readonly clock: Clock) {}

  /** Whether the lock is to be given back now. The next time is counted from there. */
  isDue(session: SessionKey, epoch: number): boolean {
    const nowMs = this.clock.monotonicMs()
    const grant = `${session} ${epoch}`
    const lastMs = this.atMs.get(grant)
    if (lastMs !== undefined && nowMs - lastMs < RELEASED_AGAIN_MS) return false
    this.atMs.set(grant, nowMs)
    return true
  }
}
