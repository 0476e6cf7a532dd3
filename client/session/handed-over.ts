import type { SessionKey } from '../../protocol/keys.js'
import { RecentMap } from '../../protocol/recent-map.js'
import { HANDED_OVER_MAX } from '../limits.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock } from '../ports.js'

interface HandedOver {
  /** The processes that waited for the next holder then. */
  readonly waiters: number
  readonly untilMs: number
}

/**
 * The sessions that this process has released to others, as the store said. Where one is soon asked for again, the other
 * process most probably still holds it: the store then queues the request before it tries to grant it. Nothing else
 * depends on this.
 */
export class HandedOverSessions {
  private readonly sessions = new RecentMap<SessionKey, HandedOver>(HANDED_OVER_MAX)

  constructor(
    private readonly clock: Clock,
    private readonly options: CompiledOptions,
  ) {}

  note(session: SessionKey, waiters: number): void {
    const { isReleasedAfterAccess, idleReleaseMs } = this.options
    if (isReleasedAfterAccess) return
    // The other process keeps it for as long as this one would.
    this.sessions.set(session, { waiters, untilMs: this.clock.monotonicMs() + idleReleaseMs })
  }

  /** How many processes waited for the next holder. Undefined where this process knows of none. Forgets it. */
  take(session: SessionKey): number | undefined {
    const found = this.sessions.get(session)
    this.sessions.delete(session)
    return found !== undefined && found.untilMs > this.clock.monotonicMs() ? found.waiters : undefined
  }
}
