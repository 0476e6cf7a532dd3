import { LockOwner, type LockTicket } from '../attribute-locks/attribute-locks.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AbortedError, type HoldfastError } from '../errors/index.js'
import { waitsForItself } from '../errors/waits-for-itself.js'
import type { CompiledAccessOptions } from '../options/access-options.js'
import type { Clock } from '../ports.js'
import { outsideAccesses } from '../scope.js'
import { Wait } from './wait.js'

/** A hold, as its tickets know it. */
interface TicketHold {
  readonly isWanted: boolean
  readonly accesses: { entered(ticket: Ticket): void }
}

export type OnLoss = (error: HoldfastError) => void

/** The ticket of an access that begins, or of a running access that needs more locks or the target of its rotation. */
export type Role = 'access' | 'extension' | 'target'

/**
 * One access: it waits for the session, then for its attributes, then runs under them. It is its own lock owner.
 */
export class Ticket extends LockOwner implements LockTicket {
  readonly owner: LockOwner
  /** The hold that it is queued in or runs under. */
  hold: TicketHold | undefined
  isGranted = false
  /** Why the session was lost under this access, once it was. */
  loss: HoldfastError | undefined
  /** Its locks: session.lock() adds to them. */
  request: LockRequest
  /** There is no session by all that it knows: its id is fresh, or was looked for. */
  expectsNone = false
  /** It is inside an access to the same session, with other locks: it cannot wait until that has ended. */
  isInside = false
  /** When it got its locks, by the monotonic clock. */
  runningSinceMs: number | undefined
  private controller: AbortController | undefined
  private wantedController: AbortController | undefined
  private wait: Wait | undefined
  /** When its first wait began, by the monotonic clock: all its waits together have one timeout. */
  waitingSinceMs: number | undefined
  private onLoss: OnLoss | undefined

  constructor(
    request: LockRequest,
    readonly options: CompiledAccessOptions,
    /** One owner may hold locks of several sessions. An extension has the owner of its access. */
    owner?: LockOwner,
    readonly role: Role = 'access',
    /** From when its timeout counts, where its waits are not all of the call. */
    private readonly sinceMs?: number,
  ) {
    super(options.label)
    this.request = request
    this.owner = owner ?? this
  }

  get isExtension(): boolean {
    return this.role === 'extension'
  }

  /** Throws an AbortedError where the signal is aborted already. */
  checkSignal(): void {
    const { signal } = this.options
    if (signal?.aborted) throw new AbortedError(0, signal.reason)
  }

  /** Aborted with the typed loss when the session is lost under the access. Made on first use. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController()
    if (this.loss !== undefined && !this.controller.signal.aborted) this.controller.abort(this.loss)
    return this.controller.signal
  }

  /** Aborted when another process asks for the session while the access runs. Made on first use. */
  get wantedSignal(): AbortSignal {
    this.wantedController ??= new AbortController()
    if (this.isWanted) this.wantedController.abort()
    return this.wantedController.signal
  }

  /** Whether it is aborted. An access that has ended is told no more. */
  get isWanted(): boolean {
    return this.hold?.isWanted ?? this.wantedController?.signal.aborted ?? false
  }

  wanted(): void {
    // A listener is not inside the access in which this process noticed it.
    outsideAccesses(() => this.wantedController?.abort())
  }

  /** Waits until `granted` is called, or fails by time, signal or {@link fail}; `leave` then takes it out of its queue. */
  waitForHold(clock: Clock, explainTimeout: (waitedMs: number) => HoldfastError, leave: () => void): Promise<void> {
    this.waitingSinceMs ??= clock.monotonicMs()
    const wait = new Wait(clock, this.options, this.sinceMs ?? this.waitingSinceMs, explainTimeout, () => {
      this.wait = undefined
      leave()
    })
    this.wait = wait
    return wait.promise
  }

  /** The attribute locks call this when the access may run. */
  granted(): void {
    const { wait, hold } = this
    this.wait = undefined
    if (hold === undefined) return
    this.isGranted = true
    if (!this.isExtension) hold.accesses.entered(this)
    wait?.succeed()
  }

  /** Others are ahead of it, and may wait for the access around it, if there is one. */
  refuseInside(): void {
    if (this.isInside) throw waitsForItself()
  }

  /** Returns whether it may wait for the end of the hold. Fails it where it would wait for itself. */
  mayOutwait(): boolean {
    if (this.isInside) this.fail(waitsForItself())
    return !this.isInside
  }

  /** Ends the wait without an error. Another one may follow, in the time that is left. */
  stopWaiting(): void {
    const { wait } = this
    this.wait = undefined
    wait?.succeed()
  }

  /** Ends the wait with an error. The caller has taken the ticket out of its queue. */
  fail(error: HoldfastError): void {
    const { wait } = this
    this.wait = undefined
    wait?.fail(error)
  }

  /** Takes it out of its queue, where it is in one, and ends the wait with an error. */
  giveUp(error: HoldfastError): void {
    this.wait?.giveUp(error)
  }

  /** From now on a loss fails the access at once, until its changes are staged. Returns what a loss did before. */
  whileRunning(onLoss: OnLoss | undefined): OnLoss | undefined {
    const before = this.onLoss
    this.onLoss = onLoss
    return before
  }

  /**
   * Goes on for another ticket of the same access, whose session has moved here. It has the same signals, and the loss
   * that the access has suffered meanwhile.
   */
  succeed(before: Ticket): void {
    this.controller = before.controller
    if (before.wantedController?.signal.aborted === false) this.wantedController = before.wantedController
    const loss = this.loss ?? before.loss
    if (loss !== undefined) this.lose(loss)
  }

  lose(error: HoldfastError): void {
    this.loss = error
    // A listener is not inside the access that noticed the loss.
    outsideAccesses(() => this.controller?.abort(error))
    this.onLoss?.(error)
  }
}
