import { SessionLostError } from '../errors/index.js'
import { type Clock, type Instant, instant } from '../ports.js'
import type { Membership } from '../process/membership.js'
import type { Grant } from './grant.js'
import type { SessionLife } from './life.js'

/**
 * Whether this process may still believe in a grant. To be asked before every use of the cached state and before every
 * write: timers do not run while a loop is blocked or a machine is paused.
 */
export class Validity {
  constructor(
    private readonly grant: Grant,
    private readonly membership: Membership,
    private readonly life: SessionLife,
    private readonly clock: Clock,
  ) {}

  /** False once the lease is over. That ends the process id, and with it every hold. */
  isLeaseRunningAt(now: Instant): boolean {
    return !this.membership.endIfLeaseOver(now)
  }

  /** The loss of a holder that was asked for the session and kept it too long: the store gives it to the next. */
  overstayAt(now: Instant): SessionLostError | undefined {
    return this.grant.busy?.isOverdueAt(now) ? this.overstayed() : undefined
  }

  overstayed(): SessionLostError {
    const { maxBusyMs } = this.membership.timing
    return new SessionLostError('revoked', `it was asked for and not released within maxBusyMs = ${maxBusyMs}`)
  }

  /** The loss of a session whose life has ended. A rolling life does not end while the session is in use. */
  expiredAt(now: Instant, isInUse: boolean): SessionLostError | undefined {
    return this.life.isOverAt(now.wallMs, isInUse)
      ? new SessionLostError('expired', 'its lifetime ended while it was held')
      : undefined
  }

  /** Why nothing may be written any more. A write that is to be made is a use. */
  get blocker(): SessionLostError | undefined {
    const now = instant(this.clock)
    return this.isLeaseRunningAt(now) ? (this.overstayAt(now) ?? this.expiredAt(now, true)) : this.membership.loss
  }
}
