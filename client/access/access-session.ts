import { inspect } from 'node:util'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError } from '../errors/index.js'
import { compileTimeoutMs, type LockOptions } from '../options/access-options.js'
import type { Hold } from '../session/hold.js'
import { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { NestedState } from '../state/nested-state.js'
import { AccessState } from '../state/state-view.js'
import type { WaitOptions, WholeSession } from './nested-session.js'
import { worstOf } from './outcome.js'

async function both(before: Promise<void> | undefined, last: Promise<void>): Promise<void> {
  const failure = worstOf(await Promise.allSettled([before, last]))
  if (failure !== undefined) throw failure
}

/** The session object of one access. */
export class AccessSession implements WholeSession {
  /** All calls of {@link commit} so far, of which some may be under way. */
  committing: Promise<void> | undefined
  private made: AccessState | undefined
  private isEnded = false

  constructor(
    private readonly hold: Hold,
    private readonly ticket: Ticket,
  ) {}

  /** Made on first use. */
  get content(): AccessState {
    const { hold, ticket } = this
    this.made ??= new AccessState(
      hold.attributes,
      () => ticket.request,
      () => this.checkUsable(),
      (name, value) => hold.attributes.checkValue(name, value),
    )
    return this.made
  }

  get state(): Record<string, unknown> {
    return this.content.proxy
  }

  /** The differences from the cached state, in encoded form; undefined where there are none. Throws on bad values. */
  changes(): Changes | undefined {
    return this.made?.changes()
  }

  get signal(): AbortSignal {
    return this.ticket.signal
  }

  get epoch(): number {
    return this.hold.epoch
  }

  get isNew(): boolean {
    return this.hold.life.isNew
  }

  get createdAt(): Date {
    return new Date(this.hold.life.createdAt)
  }

  get lastAccessAt(): Date {
    return new Date(this.hold.life.accessedAt)
  }

  get rev(): number {
    return this.hold.rev
  }

  get wanted(): boolean {
    return this.hold.isWanted
  }

  get wantedSignal(): AbortSignal {
    return this.ticket.wantedSignal
  }

  commit(): Promise<void> {
    return this.commitPart(undefined)
  }

  async commitPart(part: NestedState | undefined): Promise<void> {
    this.checkUsable()
    const changes = this.made?.changes(part)
    if (changes !== undefined) this.hold.attributes.checkSize(changes)
    const isWrite = this.hold.mustWrite(changes)
    const done = this.hold.take(part?.request() ?? this.ticket.request, changes, 'now')?.done
    if (!isWrite || done === undefined) return done
    this.committing = both(this.committing, done)
    // The caller learns of the failure by `done`.
    this.committing.catch(() => {})
    return done
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  lock(more: LockSpec<string>, options: LockOptions = {}): Promise<this> {
    return this.lockFor(more, options, this.ticket.options)
  }

  async lockFor(more: LockSpec<string>, options: LockOptions, waits: WaitOptions): Promise<this> {
    this.checkUsable()
    const request = compileLockRequest(more)
    const { ticket, hold } = this
    const timeoutMs = compileTimeoutMs(options, 'session.lock', waits.timeoutMs)
    if (!hold.accesses.tryExtend(ticket, request)) {
      const { signal, label } = waits
      const extension = new Ticket(request, { ...ticket.options, signal, label, timeoutMs }, ticket.owner, 'extension')
      extension.checkSignal()
      hold.extend(extension)
      if (!extension.isGranted) {
        await extension.waitForHold(
          hold.context.clock,
          (waitedMs) => hold.accesses.explainTimeout(extension, waitedMs),
          () => hold.cancel(extension),
        )
      }
    }
    return this.widened(request)
  }

  tryLock(more: LockSpec<string>): this | undefined {
    this.checkUsable()
    const request = compileLockRequest(more)
    return this.hold.accesses.tryExtend(this.ticket, request) ? this.widened(request) : undefined
  }

  get isOver(): boolean {
    return this.isEnded
  }

  /** The parts of a session that a log may show. It shows no values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /** Ends the use of this object. */
  end(): void {
    this.isEnded = true
  }

  private widened(request: LockRequest): this {
    this.ticket.request = merge(this.ticket.request, request)
    // The access sees these attributes for the first time: the session must still be this process's, and alive.
    this.hold.endIfLostOrExpired()
    this.checkUsable()
    return this
  }

  private checkUsable(): void {
    if (this.ticket.loss !== undefined) throw this.ticket.loss
    if (this.isEnded) throw new AccessEndedError()
  }
}
