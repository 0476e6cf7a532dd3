import { inspect } from 'node:util'
import type { Absence } from '../../protocol/state/record.js'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, NestedAccessError } from '../errors/index.js'
import { type CompiledAccessOptions, compileTtlMs, type LockOptions } from '../options/access-options.js'
import { checkWork } from '../options/check.js'
import { NestedState } from '../state/nested-state.js'
import type { AccessState } from '../state/state-view.js'

/** Options that a nested access has for its waits. */
export type WaitOptions = Pick<CompiledAccessOptions, 'signal' | 'timeoutMs' | 'label' | 'ttlMs'>

/** The session of the outermost access, in the main thread or in a worker thread. */
export interface WholeSession {
  readonly content: AccessState
  readonly signal: AbortSignal
  readonly epoch: number
  readonly isNew: boolean
  /** Why there is no session yet, where it is new. */
  readonly absence: Absence | undefined
  readonly createdAt: Date
  readonly lastAccessAt: Date
  readonly rev: number
  ttlMs: number
  /** The end of the session's life with this lifetime, or as it is now. */
  aliveWith(ttlMs: number | undefined): Date
  readonly wanted: boolean
  readonly wantedSignal: AbortSignal
  /** All commits so far, of which some may be under way. */
  readonly committing?: Promise<void> | undefined
  /** In a worker thread: settles when the main thread has answered all commits so far. */
  readonly answered?: Promise<void> | undefined
  /** Commits what a nested access has changed, with its lifetime for the session, if it has one. */
  commitPart(part: NestedState, ttlMs: number | undefined): Promise<void>
  /** Locks more, for a nested access. */
  lockFor(more: LockSpec<string>, options: LockOptions, waits: WaitOptions): Promise<unknown>
  tryLock(more: LockSpec<string>): unknown
}

/** The session object of an access nested in another. Its locks are a part of those of the outermost access. */
export class NestedSession {
  readonly content: NestedState
  readonly whole: WholeSession
  /** A lifetime that becomes that of the session when this access ends well, or commits. */
  private ttl: number | undefined
  private isEnded = false

  constructor(
    private readonly outer: WholeSession | NestedSession,
    private request: LockRequest,
    private readonly waits: WaitOptions,
  ) {
    this.ttl = waits.ttlMs
    this.whole = outer instanceof NestedSession ? outer.whole : outer
    this.content = new NestedState(
      this.whole.content,
      outer instanceof NestedSession ? outer.content : undefined,
      () => this.request,
      () => this.checkNotEnded(),
    )
  }

  get state(): Record<string, unknown> {
    return this.content.proxy
  }

  get signal(): AbortSignal {
    return this.whole.signal
  }

  get epoch(): number {
    return this.whole.epoch
  }

  get absence(): Absence | undefined {
    return this.whole.absence
  }

  get isNew(): boolean {
    return this.whole.isNew
  }

  get createdAt(): Date {
    return this.whole.createdAt
  }

  get lastAccessAt(): Date {
    return this.whole.lastAccessAt
  }

  get rev(): number {
    return this.whole.rev
  }

  get ttlMs(): number {
    return this.ttl ?? this.outer.ttlMs
  }

  set ttlMs(ttlMs: number) {
    this.content.checkUsable()
    this.ttl = compileTtlMs(ttlMs)
  }

  get aliveUntil(): Date {
    return this.aliveWith(undefined)
  }

  aliveWith(ttlMs: number | undefined): Date {
    return this.outer.aliveWith(ttlMs ?? this.ttl)
  }

  get wanted(): boolean {
    return this.whole.wanted
  }

  get wantedSignal(): AbortSignal {
    return this.whole.wantedSignal
  }

  async commit(): Promise<void> {
    this.content.checkUsable()
    return this.whole.commitPart(this.content, this.ttl)
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  async lock(more: LockSpec<string>, options: LockOptions = {}): Promise<this> {
    this.content.checkUsable()
    const request = compileLockRequest(more)
    await this.whole.lockFor(more, options, this.waits)
    return this.widened(request)
  }

  tryLock(more: LockSpec<string>): this | undefined {
    this.content.checkUsable()
    const request = compileLockRequest(more)
    return this.whole.tryLock(more) === undefined ? undefined : this.widened(request)
  }

  async destroy(): Promise<never> {
    throw onlyOutermost('destroyed')
  }

  async rotate(): Promise<never> {
    throw onlyOutermost('rotated')
  }

  /** Accesses inside this one join it in any case. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    checkWork(work)
    this.content.checkUsable()
    return work()
  }

  /** The parts of a session that a log may show. It shows no values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /** Ends the use of this object. Throws where what it changed may not become a part of the outer access. */
  end(): void {
    this.content.settle()
    this.isEnded = true
  }

  /** To be called after {@link end}, when nothing can fail any more. */
  leave(): void {
    if (this.ttl !== undefined) this.outer.ttlMs = this.ttl
    this.content.leave()
  }

  /** Commits what it changed after {@link end}. */
  commitEnded(): Promise<void> {
    return this.whole.commitPart(this.content, this.ttl)
  }

  private widened(request: LockRequest): this {
    this.request = merge(this.request, request)
    this.content.checkUsable()
    return this
  }

  private checkNotEnded(): void {
    if (this.isEnded) throw new AccessEndedError()
  }
}

const onlyOutermost = (what: string): NestedAccessError =>
  new NestedAccessError(`a session cannot be ${what} in a nested access: the accesses around it go on with the session`)
