import type { SessionKey } from '../../protocol/keys.js'
import type { Absence } from '../../protocol/state/record.js'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError } from '../errors/index.js'
import { compileTimeoutMs, compileTtlMs, type LockOptions } from '../options/access-options.js'
import type { Hold } from '../session/hold.js'
import { tellChanged } from '../session/lock-news.js'
import { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { NestedState } from '../state/nested-state.js'
import { AccessState } from '../state/state-view.js'
import type { AccessContext } from './access-context.js'
import type { Joinable } from './join.js'
import type { WaitOptions, WholeSession } from './nested-session.js'
import type { Nesting } from './nesting.js'
import { both } from './outcome.js'
import { OutermostSession } from './outermost-session.js'
import { type Moved, move } from './rotation.js'

/** The session object of one access. */
export class AccessSession extends OutermostSession implements WholeSession {
  /** All calls of {@link commit} so far, of which some may be under way. */
  committing: Promise<void> | undefined
  private made: AccessState | undefined
  /** Of an access to several sessions: their keys, and those to which they move. */
  peers: Set<string> | undefined
  /** Waits for the new id of a rotation that is under way. */
  private next: Ticket | undefined
  /** A lifetime for the session that is not staged yet. */
  private ttl: number | undefined
  /** When the access before this one ended. Others may end while it runs. */
  private readonly lastAccessMs: number

  /** The key, the hold and the ticket are others after a rotation. */
  constructor(
    protected readonly context: AccessContext,
    public key: SessionKey,
    public hold: Hold,
    public ticket: Ticket,
  ) {
    super()
    this.ttl = ticket.options.ttlMs
    this.lastAccessMs = hold.life.accessedAt
  }

  /** Made on first use. */
  get content(): AccessState {
    this.made ??= new AccessState(this.hold.attributes, this)
    return this.made
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

  get absence(): Absence | undefined {
    return this.hold.life.absence
  }

  get isNew(): boolean {
    return this.hold.life.isNew
  }

  get createdAt(): Date {
    return new Date(this.hold.life.createdAt)
  }

  get lastAccessAt(): Date {
    return new Date(this.lastAccessMs)
  }

  get rev(): number {
    return this.hold.rev
  }

  get ttlMs(): number {
    return this.ttl ?? this.hold.life.ttlMs
  }

  set ttlMs(ttlMs: number) {
    this.checkUsable()
    this.ttl = compileTtlMs(ttlMs)
  }

  get aliveUntil(): Date {
    return this.aliveWith(undefined)
  }

  aliveWith(ttlMs: number | undefined): Date {
    return new Date(this.hold.aliveUntil(ttlMs ?? this.ttl))
  }

  /** The lifetime that a commit has to write, if any. */
  get ttlToWrite(): number | undefined {
    return this.ttl
  }

  get wanted(): boolean {
    return this.ticket.isWanted
  }

  get wantedSignal(): AbortSignal {
    return this.ticket.wantedSignal
  }

  commit(): Promise<void> {
    return this.commitPart(undefined, undefined)
  }

  async commitPart(part: NestedState | undefined, ttlMs: number | undefined): Promise<void> {
    this.checkUsable()
    if (this.ending !== undefined) await this.ending
    const changes = this.made?.changes(part)
    if (changes !== undefined) this.hold.attributes.checkSize(changes)
    const ttl = ttlMs ?? this.ttl
    const isWrite = this.hold.held.mustWrite(changes, ttl)
    const done = this.hold.take(part?.request() ?? this.ticket.request, changes, 'now', ttl)?.done
    this.ttl = undefined
    if (part !== undefined) this.content.unfinished.committed(part)
    if (!isWrite || done === undefined) return done
    this.committing = both(this.committing, done)
    // The caller learns of the failure by `done`.
    this.committing.catch(() => {})
    return done
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
        const granted = extension.waitForHold(
          hold.context.clock,
          (waitedMs) => hold.accesses.explainTimeout(extension, waitedMs),
          () => {
            hold.cancel(extension)
            tellChanged(hold, ticket)
          },
        )
        tellChanged(hold, ticket, extension)
        await granted
      }
    }
    return this.widened(request)
  }

  tryLock(more: LockSpec<string>): this | undefined {
    this.checkUsable()
    const request = compileLockRequest(more)
    return this.hold.accesses.tryExtend(this.ticket, request) ? this.widened(request) : undefined
  }

  /**
   * Moves the session under an id for which it has been looked already, as the last thing that the access does: no loss
   * after that fails it.
   */
  async moveTo(id: string): Promise<string> {
    this.checkEnding()
    const moved = await this.whileEnding(this.move(id, true))
    return moved.id
  }

  /** Ends the use of this object. A rotation that has not sent its transaction ends, too. */
  override end(): void {
    super.end()
    this.next?.giveUp(this.loss ?? new AccessEndedError())
  }

  /** The access has ended without a commit: frees its locks. */
  leaveHold(): void {
    this.hold.leave(this.ticket)
  }

  protected get loss(): HoldfastError | undefined {
    return this.ticket.loss
  }

  protected get nesting(): Nesting<Joinable> {
    return this.context.nesting
  }

  protected destroyed(): Promise<void> {
    // From here on the write decides the outcome, not a loss.
    this.ticket.whileRunning(undefined)
    return this.hold.destroy(this.ticket)
  }

  protected async moved(to: string | undefined): Promise<string> {
    const { id, hold, ticket, onLoss } = await this.move(to, false)
    if (this.isOver) return id
    ticket.whileRunning(onLoss)
    const { loss } = ticket
    // The caller of rotate() has the new id before the access fails.
    if (loss !== undefined) hold.context.clock.after(1, () => onLoss?.(loss), 'awaited')
    return id
  }

  protected override whileEnding<T>(ending: Promise<T>): Promise<T> {
    this.committing = both(this.committing, ending)
    // The caller learns of the failure by `ending`.
    this.committing.catch(() => {})
    return super.whileEnding(ending)
  }

  private widened(request: LockRequest): this {
    this.ticket.request = merge(this.ticket.request, request)
    tellChanged(this.hold, this.ticket)
    // The access sees these attributes for the first time: the session must still be this process's, and alive.
    this.hold.endIfLostOrExpired()
    this.checkUsable()
    return this
  }

  private async move(given: string | undefined, isChecked: boolean): Promise<Moved> {
    const moved = await move(this, this.context, given, isChecked, (next) => (this.next = next)).finally(() => {
      this.next = undefined
    })
    this.renamed(moved.key)
    this.hold = moved.hold
    this.ticket = moved.ticket
    // Another one may have been set meanwhile.
    if (this.ttl === moved.ttlMs) this.ttl = undefined
    return moved
  }

  protected override checkEnding(): void {
    super.checkEnding()
    this.hold.endIfLostOrExpired()
    this.checkUsable()
  }
}
