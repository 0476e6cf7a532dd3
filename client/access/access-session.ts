import { inspect } from 'node:util'
import type { SessionKey } from '../../protocol/keys.js'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, NotLockedError } from '../errors/index.js'
import { compileTimeoutMs, compileTtlMs, type LockOptions } from '../options/access-options.js'
import { checkKeys, checkWork } from '../options/check.js'
import type { Scope } from '../scope.js'
import type { Hold } from '../session/hold.js'
import { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { NestedState } from '../state/nested-state.js'
import { AccessState } from '../state/state-view.js'
import type { AccessContext } from './access-context.js'
import type { WaitOptions, WholeSession } from './nested-session.js'
import { worstOf } from './outcome.js'
import { move } from './rotation.js'

const SESSION_ROTATE_KEYS = { to: true } as const

async function both(before: Promise<void> | undefined, last: Promise<void>): Promise<void> {
  const failure = worstOf(await Promise.allSettled([before, last]))
  if (failure !== undefined) throw failure
}

/** The session object of one access. */
export class AccessSession implements WholeSession {
  /** All calls of {@link commit} so far, of which some may be under way. */
  committing: Promise<void> | undefined
  /** A call of {@link destroy} or {@link rotate} that is under way. */
  ending: Promise<unknown> | undefined
  private made: AccessState | undefined
  /** A lifetime for the session that is not staged yet. */
  private ttl: number | undefined
  private isEnded = false
  private isGone = false
  private scopes: Set<Scope> | undefined

  /** The key, the hold and the ticket are others after a rotation. */
  constructor(
    protected readonly context: AccessContext,
    public key: SessionKey,
    public hold: Hold,
    public ticket: Ticket,
  ) {
    this.ttl = ticket.options.ttlMs
  }

  /** For accesses that join this one. */
  get session(): this {
    return this
  }

  /** Made on first use. */
  get content(): AccessState {
    this.made ??= new AccessState(
      this.hold.attributes,
      () => this.ticket.request,
      () => this.checkUsable(),
      (name, value) => this.hold.attributes.checkValue(name, value),
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

  get ttlMs(): number {
    return this.ttl ?? this.hold.life.ttlMs
  }

  set ttlMs(ttlMs: number) {
    this.checkUsable()
    this.ttl = compileTtlMs(ttlMs)
  }

  get aliveUntil(): Date {
    return new Date(this.hold.aliveUntil(this.ttl))
  }

  /** The lifetime that a commit has to write, if any. */
  get ttlToWrite(): number | undefined {
    return this.ttl
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
    if (this.ending !== undefined) await this.ending
    const changes = this.made?.changes(part)
    if (changes !== undefined) this.hold.attributes.checkSize(changes)
    const isWrite = this.hold.mustWrite(changes, this.ttl)
    const done = this.hold.take(part?.request() ?? this.ticket.request, changes, 'now', this.ttl)?.done
    this.ttl = undefined
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

  /** Ends the session's life now, and the use of this object. Changes that are not committed are dropped. */
  async destroy(): Promise<void> {
    this.checkEnding()
    this.isGone = true
    this.end()
    // From here on the write decides the outcome, not a loss.
    this.ticket.whileRunning(undefined)
    await this.whileEnding(this.hold.destroy(this.ticket))
  }

  /** Moves the session under another id. The access goes on there. */
  async rotate(options: { readonly to?: string } = {}): Promise<string> {
    checkKeys(options, SESSION_ROTATE_KEYS, 'session.rotate')
    return this.moveTo(options.to, false)
  }

  /** @param isChecked the id has been looked for already. */
  moveTo(given: string | undefined, isChecked: boolean): Promise<string> {
    this.checkEnding()
    return this.whileEnding(
      move(this, this.context, given, isChecked).then(({ id, key, hold, ticket }) => {
        this.key = key
        this.hold = hold
        this.ticket = ticket
        this.ttl = undefined
        return id
      }),
    )
  }

  /** Runs `work` with this session around it: accesses to it join this one. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    checkWork(work)
    this.checkUsable()
    const { nesting } = this.context
    const scope = nesting.open([this], 'waits')
    this.scopes ??= new Set()
    this.scopes.add(scope)
    try {
      return await nesting.run(scope, work)
    } finally {
      scope.isEnded = true
      this.scopes.delete(scope)
    }
  }

  get isOver(): boolean {
    return this.isEnded
  }

  /** This access has destroyed the session: there is nothing to commit. */
  get isDestroyed(): boolean {
    return this.isGone
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
    for (const scope of this.scopes ?? []) scope.isEnded = true
  }

  private widened(request: LockRequest): this {
    this.ticket.request = merge(this.ticket.request, request)
    // The access sees these attributes for the first time: the session must still be this process's, and alive.
    this.hold.endIfLostOrExpired()
    this.checkUsable()
    return this
  }

  private async whileEnding<T>(ending: Promise<T>): Promise<T> {
    this.ending = ending
    try {
      return await ending
    } finally {
      this.ending = undefined
    }
  }

  /** Nothing has happened where this throws. */
  private checkEnding(): void {
    this.checkUsable()
    if (this.ticket.request.whole !== 'exclusive') throw new NotLockedError('*', 'end')
    if (this.ending !== undefined) throw new AccessEndedError('a rotation of this session is under way: await it first')
    this.hold.endIfLostOrExpired()
    this.checkUsable()
  }

  private checkUsable(): void {
    if (this.ticket.loss !== undefined && !this.isGone) throw this.ticket.loss
    if (this.isGone) throw new AccessEndedError('this access has destroyed the session: its object ends with it')
    if (this.isEnded) throw new AccessEndedError()
  }
}
