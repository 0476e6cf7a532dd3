import { inspect } from 'node:util'
import type { WholeSession } from '../access/nested-session.js'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError } from '../errors/index.js'
import { compileTtlMs, type LockOptions } from '../options/access-options.js'
import { SchemaCheck } from '../options/schemas.js'
import { AttributeCache, type Changes } from '../state/attribute-cache.js'
import type { NestedState } from '../state/nested-state.js'
import { AccessState } from '../state/state-view.js'
import type { Entries, Opened, Reply } from './messages.js'

/** The requests of a session in a worker thread to the main thread. */
export interface SessionLink {
  commit(changes: Entries): Promise<Reply>
  lock(locks: LockSpec, options: LockOptions | undefined): Promise<Reply>
  setTtl(ttlMs: number): void
  /** Returns undefined where not all of the locks are free. */
  tryLock(locks: LockSpec): Entries | undefined
}

/** No limits and no schemas: the main thread checks both, and runs the schemas when it reads and when it commits. */
const NO_RULES = {
  schemas: new SchemaCheck(),
  attributeBytesMax: Number.MAX_SAFE_INTEGER,
  sessionBytesMax: Number.MAX_SAFE_INTEGER,
  undefinedValues: 'refuse',
} as const

/** The session object of an access whose work runs in this worker thread. */
export class WorkerSession implements WholeSession {
  readonly epoch: number
  isNew: boolean
  readonly createdAt: Date
  readonly lastAccessAt: Date
  rev: number
  readonly aliveUntil: Date
  /** The locks of this session. Nested accesses look here. */
  readonly ticket: { request: LockRequest }
  private readonly attributes: AttributeCache
  readonly content: AccessState
  private readonly controller = new AbortController()
  private readonly wantedController = new AbortController()
  /** For each attribute: the last commit() that sent it, as long as the main thread has not confirmed that commit. */
  private readonly unconfirmed = new Map<string, Changes>()
  private ttl: number
  private isEnded = false

  constructor(
    opened: Opened,
    request: LockRequest,
    private readonly link: SessionLink,
  ) {
    this.epoch = opened.epoch
    this.isNew = opened.isNew
    this.createdAt = new Date(opened.createdAtMs)
    this.lastAccessAt = new Date(opened.lastAccessAtMs)
    this.rev = opened.rev
    this.aliveUntil = new Date(opened.aliveUntilMs)
    this.ttl = opened.ttlMs
    if (opened.wanted) this.becomeWanted()
    this.ticket = { request }
    this.attributes = new AttributeCache({}, NO_RULES)
    this.attributes.apply(new Map(opened.attributes))
    this.content = new AccessState(
      this.attributes,
      () => this.ticket.request,
      () => this.checkUsable(),
      // The main thread knows the limits.
      () => {},
    )
  }

  get state(): Record<string, unknown> {
    return this.content.proxy
  }

  get ttlMs(): number {
    return this.ttl
  }

  set ttlMs(ttlMs: number) {
    this.checkUsable()
    this.ttl = compileTtlMs(ttlMs)
    this.link.setTtl(ttlMs)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  get wanted(): boolean {
    return this.wantedSignal.aborted
  }

  get wantedSignal(): AbortSignal {
    return this.wantedController.signal
  }

  commit(): Promise<void> {
    return this.commitPart(undefined)
  }

  async commitPart(part: NestedState | undefined): Promise<void> {
    this.checkUsable()
    const changes = this.changes(part)
    for (const name of changes.keys()) this.unconfirmed.set(name, changes)
    this.update(await this.told(this.link.commit([...changes])))
    this.attributes.apply(changes)
    for (const name of changes.keys()) if (this.unconfirmed.get(name) === changes) this.unconfirmed.delete(name)
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  lock(more: LockSpec, options?: LockOptions): Promise<this> {
    return this.lockFor(more, options)
  }

  async lockFor(more: LockSpec, options?: LockOptions): Promise<this> {
    this.checkUsable()
    const request = compileLockRequest(more)
    const reply = await this.told(this.link.lock(more, options))
    this.update(reply)
    return this.widened(request, reply.attributes)
  }

  tryLock(more: LockSpec): this | undefined {
    this.checkUsable()
    const request = compileLockRequest(more)
    const entries = this.link.tryLock(more)
    return entries === undefined ? undefined : this.widened(request, entries)
  }

  /** The differences from the main thread's values. Throws on values that cannot be stored. */
  changes(part?: NestedState): Changes {
    const changes = new Map(this.content.changes(part))
    // A commit() that is under way or was refused has changed the main thread's values. If the work has undone such a
    // change since, that must be sent as well.
    for (const name of this.unconfirmed.keys()) {
      if (part?.savepoints.has(name) === false) continue
      if (!changes.has(name)) changes.set(name, this.attributes.encoded(name))
    }
    return changes
  }

  /** The session is lost: from now on every use of it throws this error. */
  lose(error: Error): void {
    this.controller.abort(error)
  }

  /** Another process asks for the session. */
  becomeWanted(): void {
    this.wantedController.abort()
  }

  end(): void {
    this.isEnded = true
  }

  /** The form that a log may show of a session: it has no values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /**
   * Waits for a reply. If the session was lost meanwhile, the request fails with the loss, unless its effect is
   * unknown.
   */
  private async told(reply: Promise<Reply>): Promise<Reply> {
    try {
      return await reply
    } catch (error) {
      if (this.signal.aborted && (error as HoldfastError).effect !== 'unknown') throw this.signal.reason
      throw error
    }
  }

  private update({ rev, isNew }: Reply): void {
    this.rev = rev
    this.isNew = isNew
  }

  /**
   * Adds the new locks and attributes. An attribute that is known already stays as it is: the work may have changed it.
   */
  private widened(request: LockRequest, entries: Entries): this {
    const known = new Set(this.attributes.names())
    this.attributes.apply(new Map(entries.filter(([name]) => !known.has(name))))
    this.ticket.request = merge(this.ticket.request, request)
    this.checkUsable()
    return this
  }

  private checkUsable(): void {
    if (this.signal.aborted) throw this.signal.reason
    if (this.isEnded) throw new AccessEndedError()
  }
}
