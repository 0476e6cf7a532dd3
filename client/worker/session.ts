import { inspect } from 'node:util'
import { compileLockRequest, type LockRequest, type LockSpec, merge } from '../attribute-locks/lock-request.js'
import { AccessEndedError, type HoldfastError } from '../errors/index.js'
import type { LockOptions } from '../options/access-options.js'
import { SchemaCheck } from '../options/schemas.js'
import { AttributeCache, type Changes } from '../state/attribute-cache.js'
import { AccessState } from '../state/state-view.js'
import type { Entries, Opened, Reply } from './messages.js'

/** What a session in a worker thread asks of the main thread. */
export interface SessionLink {
  commit(changes: Entries): Promise<Reply>
  lock(locks: LockSpec, options: LockOptions | undefined): Promise<Reply>
  /** Undefined where not all of them are free. */
  tryLock(locks: LockSpec): Entries | undefined
}

// The schemas are the main thread's: they run there, on the way out and on the way in.
/** The main thread knows the limits and the schemas. */
const NO_RULES = {
  schemas: new SchemaCheck(),
  attributeBytesMax: Number.MAX_SAFE_INTEGER,
  sessionBytesMax: Number.MAX_SAFE_INTEGER,
}

/** The session object of an access whose work runs in this worker thread. */
export class WorkerSession {
  readonly epoch: number
  isNew: boolean
  readonly createdAt: Date
  readonly lastAccessAt: Date
  rev: number
  wanted: boolean
  /** What is locked; nested accesses look here. */
  readonly ticket: { request: LockRequest }
  private readonly attributes: AttributeCache
  private readonly content: AccessState
  private readonly controller = new AbortController()
  /** The last commit() that each attribute was sent with, where the main thread has not confirmed it. */
  private readonly unconfirmed = new Map<string, Changes>()
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
    this.wanted = opened.wanted
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

  get signal(): AbortSignal {
    return this.controller.signal
  }

  async commit(): Promise<void> {
    this.checkUsable()
    const changes = this.changes()
    for (const name of changes.keys()) this.unconfirmed.set(name, changes)
    this.update(await this.told(this.link.commit([...changes])))
    this.attributes.apply(changes)
    for (const name of changes.keys()) if (this.unconfirmed.get(name) === changes) this.unconfirmed.delete(name)
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  async lock(more: LockSpec, options?: LockOptions): Promise<this> {
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

  /** What differs from what the main thread has. Throws on values that cannot be stored. */
  changes(): Changes {
    const changes = new Map(this.content.changes())
    // A commit() under way, or refused, has changed what the main thread has: it must hear of what was changed back.
    for (const name of this.unconfirmed.keys()) {
      if (!changes.has(name)) changes.set(name, this.attributes.encoded(name))
    }
    return changes
  }

  /** The session is lost: whatever the work does from now on is of no use. */
  lose(error: Error): void {
    this.controller.abort(error)
  }

  end(): void {
    this.isEnded = true
  }

  /** What a log may show of a session: nothing of its values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /** A request that came too late, since the session was lost meanwhile, is told that and nothing else. */
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

  /** An attribute that is locked already is known already, and may have been changed here since. */
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
