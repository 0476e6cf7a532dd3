import type { SessionKey } from '../../protocol/keys.js'
import { onGranted, onLost, onQueued, onRevoke, type Reaction } from '../../protocol/lock/client-decisions.js'
import type { RefusalCode, StoreMessage } from '../../protocol/messages.js'
import { deadHolderMs } from '../../protocol/timing.js'
import { type HoldfastError, type LossReason, RefusedError, WaitTimeoutError } from '../errors/index.js'
import { RELEASE_TRIES_MAX } from '../limits.js'
import type { Clock, Timer } from '../ports.js'
import type { Membership } from '../process/membership.js'
import type { SessionsContext } from './sessions-context.js'

/** The user of the lock. It wants the lock, and gets the store's decisions about it. */
export interface StoreLockOwner {
  /**
   * The lock is this process's own. `isWanted`: another process waits for it already. `ahead`: so many processes had it
   * or waited for it before this one, when it asked.
   */
  granted(epoch: number, isWanted: boolean, ahead: number): void
  /** Another process waits: finish and release. */
  revoked(): void
  /** The store has taken the lock back: nothing held under it may be used any more. */
  taken(reason: LossReason): void
  /** The store cannot be asked, or will not grant this request whenever it is repeated. */
  refused(error: HoldfastError): void
  /** Neither held nor asked for any more. */
  freed(): void
}

/** Refusals of an acquire that go away by themselves. */
const PASSING: ReadonlySet<RefusalCode> = new Set(['BUSY_RECORD', 'TOO_MANY_MESSAGES', 'INTERNAL', 'NO_HELLO'])

type State =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'asking'
      readonly r: number
      readonly above: number | undefined
      readonly sinceMs: number
      isSent: boolean
      isHinted: boolean
      /** The last epoch for which another process was said to wait: a stale ask is for a former grant. */
      askedEpoch: number
      ahead: number
      /** Since when the store has had no place in its queue, by the store's clock. */
      since: number | undefined
    }
  | { readonly kind: 'held'; readonly epoch: number; readonly r: number }
  | { readonly kind: 'releasing'; readonly epoch: number; readonly r: number; tries: number }

/** This process's side of one session's lock: asks, nudges, holds, releases. It knows nothing of the state. */
export class StoreLock {
  private state: State = { kind: 'none' }
  private timer: Timer | undefined
  /** As last told by `queued`, for the error of an access that gives up. */
  private position: number | undefined
  private holder: string | undefined
  private lastRefusal: RefusedError | undefined

  constructor(
    private readonly session: SessionKey,
    private readonly membership: Membership,
    private readonly clock: Clock,
    private readonly shared: Pick<SessionsContext, 'handedOver' | 'releasedAgain'>,
    private readonly owner: StoreLockOwner,
  ) {}

  get epoch(): number | undefined {
    return this.state.kind === 'held' ? this.state.epoch : undefined
  }

  /** It is on its way back: the store has not confirmed that yet. */
  get isReleasing(): boolean {
    return this.state.kind === 'releasing'
  }

  /** The store may know of a request for it, or of a grant. */
  get isHeard(): boolean {
    return this.state.kind === 'asking' ? this.state.isSent : this.state.kind !== 'none'
  }

  /** Asks for the lock, unless it is asked for or held. While a release is under way, `freed` must come first. */
  acquire(): void {
    if (this.state.kind === 'none') this.ask(undefined)
  }

  /** A fence refused the claim: asks again at once, for an epoch above it. */
  acquireAbove(fence: number): void {
    if (this.state.kind === 'held') this.ask(fence)
  }

  /** No access here waits any more. A grant that is under way is given back when it arrives. */
  cancel(): void {
    if (this.state.kind !== 'asking') return
    const { r, isSent } = this.state
    this.become({ kind: 'none' })
    if (isSent) this.membership.send({ type: 'cancel', session: this.session, r })
    this.owner.freed()
  }

  /** Gives the lock back, also a lost one. From here on this process does not hold it. */
  release(): void {
    if (this.state.kind !== 'held') return
    const { epoch, r } = this.state
    this.become({ kind: 'releasing', epoch, r, tries: 0 })
    this.sendRelease()
  }

  sayBusy(): void {
    if (this.state.kind !== 'held') return
    this.membership.send({ type: 'busy', session: this.session, epoch: this.state.epoch })
  }

  keep(): void {
    if (this.state.kind !== 'held') return
    this.membership.send({ type: 'keep', session: this.session, epoch: this.state.epoch })
  }

  /** A connection is open again: messages sent before it may never have arrived. */
  resend(): void {
    if (this.state.kind === 'asking') this.sendAcquire()
    else if (this.state.kind === 'releasing') this.sendRelease()
  }

  /** Stops all timers: the process id that asked or held is dead. */
  abandon(): void {
    this.become({ kind: 'none' })
  }

  /** Why an access has waited for the lock in vain. */
  explainTimeout(waitedMs: number): HoldfastError {
    if (!this.membership.isReady) return this.membership.unreachable(waitedMs)
    if (this.lastRefusal !== undefined) return this.lastRefusal
    const { position: behind, holder } = this
    const dataOfWait = { waitedMs, behind, holder, heldMs: undefined }
    return new WaitTimeoutError(dataOfWait, deadHolderMs(this.membership.timing))
  }

  receive(message: StoreMessage): void {
    switch (message.type) {
      case 'granted':
        return this.granted(message)
      case 'queued':
        return this.queued(message)
      case 'revoke':
        return this.asked(message.epoch)
      case 'released':
        return this.released(message)
      case 'lost':
        return this.react(onLost(this.belief, message.epoch), 'revoked')
      case 'refused':
        return this.refused(message)
      default:
    }
  }

  /** Another process waits, says a revoke or a renewal. */
  asked(epoch: number): void {
    if (this.state.kind === 'asking') this.state.askedEpoch = Math.max(epoch, this.state.askedEpoch)
    const reaction = onRevoke(this.belief, epoch)
    const isStray = reaction.kind === 'stay' && reaction.release !== undefined
    if (isStray && !this.shared.releasedAgain.isDue(this.session, epoch)) return
    this.react(reaction, 'fenced')
  }

  private get belief() {
    const { state } = this
    if (state.kind === 'asking') return { hold: undefined, outstanding: state.r }
    if (state.kind === 'none') return { hold: undefined, outstanding: undefined }
    return {
      hold: { epoch: state.epoch, r: state.r, releasing: state.kind === 'releasing' },
      outstanding: undefined,
    }
  }

  private ask(above: number | undefined): void {
    const sinceMs = this.clock.monotonicMs()
    const r = this.membership.nextRequest()
    const fresh = { isSent: false, isHinted: false, askedEpoch: 0, ahead: 0, since: undefined }
    this.become({ kind: 'asking', r, above, sinceMs, ...fresh })
    this.sendAcquire()
  }

  /** The first time a request, from then on a nudge. */
  private sendAcquire(): void {
    if (this.state.kind !== 'asking') return
    if (!this.membership.isReady) return this.seekStore()
    // Until the store has answered, only a request that must have been lost is sent again.
    this.setTimer(this.membership.stretched(this.membership.timing.roundTripMs), () => this.sendAcquire())
    const { r, above, isSent: isNudge, since } = this.state
    const waiters = isNudge || above !== undefined ? undefined : this.shared.handedOver.take(this.session)
    this.state.isSent = true
    this.state.isHinted = waiters !== undefined || since !== undefined
    this.membership.send({
      type: 'acquire',
      session: this.session,
      r,
      ...(above === undefined ? {} : { above }),
      ...(isNudge ? { nudge: true as const } : {}),
      ...(waiters === undefined ? {} : { waiters }),
      ...(since === undefined ? {} : { since }),
    })
  }

  /** There is no connection: `resend` follows when there is one. While the store is out of reach, no access waits for long. */
  seekStore(): void {
    if (this.state.kind !== 'asking') return
    const { sinceMs } = this.state
    const patienceMs = this.membership.seekMs(sinceMs)
    if (patienceMs > 0)
      this.setTimer(Math.min(this.membership.timing.roundTripMs, patienceMs), () => this.sendAcquire())
    else this.owner.refused(this.membership.unreachable(Math.round(this.clock.monotonicMs() - sinceMs)))
  }

  private sendRelease(): void {
    if (this.state.kind !== 'releasing') return
    if (this.state.tries >= RELEASE_TRIES_MAX) {
      // The record still names this process: the store will ask, and that will be answered.
      this.become({ kind: 'none' })
      return this.owner.freed()
    }
    this.state.tries += 1
    const { epoch, r } = this.state
    this.setTimer(this.membership.timing.roundTripMs, () => this.sendRelease())
    this.membership.send({ type: 'release', session: this.session, epoch, r })
  }

  private granted(message: Extract<StoreMessage, { type: 'granted' }>): void {
    const reaction = onGranted(this.belief, message)
    if (reaction.kind !== 'accept' || this.state.kind !== 'asking') return this.react(reaction, 'fenced')
    const { ahead, askedEpoch } = this.state
    const isWanted = message.contended || askedEpoch >= message.epoch
    this.become({ kind: 'held', epoch: message.epoch, r: message.r })
    this.owner.granted(message.epoch, isWanted, ahead)
  }

  private queued(message: Extract<StoreMessage, { type: 'queued' }>): void {
    this.react(onQueued(this.belief, message), 'fenced')
    if (this.state.kind !== 'asking' || message.r !== this.state.r) return
    this.lastRefusal = undefined
    this.position = message.position
    this.state.ahead = Math.max(this.state.ahead, message.position + 1)
    this.holder = message.holder
    this.state.since ??= message.since
    this.setTimer(this.membership.stretched(message.nudgeAfterMs), () => this.sendAcquire())
  }

  private released(message: Extract<StoreMessage, { type: 'released' }>): void {
    const { next, waiters } = message
    if (this.state.kind === 'releasing' && this.state.epoch === message.epoch) {
      if (waiters !== undefined) this.shared.handedOver.note(this.session, waiters)
      this.become({ kind: 'none' })
      this.owner.freed()
    }
    if (next !== undefined) this.granted({ type: 'granted', session: message.session, ...next })
  }

  private refused(message: Extract<StoreMessage, { type: 'refused' }>): void {
    if (this.state.kind !== 'asking' || this.state.r !== message.r) return
    const { code } = message
    // A function of an earlier version, during a deployment, does not know `waiters` or `since`.
    const isUnknownHint = code === 'MALFORMED' && this.state.isHinted
    if (code === 'STALE_REQUEST' || isUnknownHint) this.ask(this.state.above)
    else if (PASSING.has(code)) {
      // The nudge tries again. An access that times out before that is told the refusal.
      if (code === 'INTERNAL') this.lastRefusal = new RefusedError(code, message.message, true)
    } else this.owner.refused(new RefusedError(code, message.message, false))
  }

  private react(reaction: Reaction, reason: LossReason): void {
    const { session } = this
    if (reaction.kind === 'drop') this.drop(reason)
    else if (reaction.kind === 'drain' && this.state.kind === 'held') this.owner.revoked()
    else if (reaction.kind === 'askedAtBirth') this.sendAcquire()
    if (reaction.release !== undefined) {
      this.membership.send({ type: 'release', session, epoch: reaction.release.epoch, r: reaction.release.r })
    }
    if (reaction.cancel !== undefined) this.membership.send({ type: 'cancel', session, r: reaction.cancel.r })
  }

  private drop(reason: LossReason): void {
    if (this.state.kind === 'held') this.owner.taken(reason)
  }

  private become(state: State): void {
    this.timer?.cancel()
    this.timer = undefined
    this.state = state
    if (state.kind !== 'asking') {
      this.position = undefined
      this.holder = undefined
      this.lastRefusal = undefined
    }
  }

  private setTimer(ms: number, fire: () => void): void {
    this.timer?.cancel()
    this.timer = this.clock.after(ms, fire, 'background')
  }
}
