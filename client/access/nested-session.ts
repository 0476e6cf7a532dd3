import { inspect } from 'node:util'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError } from '../errors/index.js'
import type { CompiledAccessOptions, LockOptions } from '../options/access-options.js'
import { NestedState } from '../state/nested-state.js'
import type { AccessState } from '../state/state-view.js'

/** Options that a nested access has for its waits. */
export type WaitOptions = Pick<CompiledAccessOptions, 'signal' | 'timeoutMs' | 'label'>

/** The session of the outermost access, in the main thread or in a worker thread. */
export interface WholeSession {
  readonly content: AccessState
  readonly signal: AbortSignal
  readonly epoch: number
  readonly isNew: boolean
  readonly createdAt: Date
  readonly lastAccessAt: Date
  readonly rev: number
  readonly wanted: boolean
  readonly wantedSignal: AbortSignal
  /** All commits so far, of which some may be under way. */
  readonly committing?: Promise<void> | undefined
  /** Commits what a nested access has changed. */
  commitPart(part: NestedState): Promise<void>
  /** Locks more, for a nested access. */
  lockFor(more: LockSpec<string>, options: LockOptions, waits: WaitOptions): Promise<unknown>
  tryLock(more: LockSpec<string>): unknown
}

/** The session object of an access nested in another. Its locks are a part of those of the outermost access. */
export class NestedSession {
  readonly content: NestedState
  readonly whole: WholeSession
  private isEnded = false

  constructor(
    outer: WholeSession | NestedSession,
    private request: LockRequest,
    private readonly waits: WaitOptions,
  ) {
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

  get wanted(): boolean {
    return this.whole.wanted
  }

  get wantedSignal(): AbortSignal {
    return this.whole.wantedSignal
  }

  async commit(): Promise<void> {
    this.content.checkUsable()
    return this.whole.commitPart(this.content)
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

  private widened(request: LockRequest): this {
    this.request = merge(this.request, request)
    this.content.checkUsable()
    return this
  }

  private checkNotEnded(): void {
    if (this.isEnded) throw new AccessEndedError()
  }
}
