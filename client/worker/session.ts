import type { SessionKey } from '../../protocol/keys.js'
import type { Absence } from '../../protocol/state/record.js'
import type { Joinable } from '../access/join.js'
import type { WaitOptions, WholeSession } from '../access/nested-session.js'
import type { Nesting } from '../access/nesting.js'
import { both } from '../access/outcome.js'
import { OutermostSession } from '../access/outermost-session.js'
import { compileLockRequest, type LockRequest, type LockSpec, merge, permits } from '../attribute-locks/lock-request.js'
import type { HoldfastError } from '../errors/index.js'
import { compileTtlMs, type LockOptions } from '../options/access-options.js'
import { outsideAccesses } from '../scope.js'
import { isOtherTtl, untilWith } from '../session/life.js'
import type { AttributeRules, Changes } from '../state/attribute-cache.js'
import type { NestedState } from '../state/nested-state.js'
import { AccessState } from '../state/state-view.js'
import { WorkerAttributes } from './attributes.js'
import type { Attributes, Entries, Facts, Opened, Reply } from './messages.js'

/** The requests of a session in a worker thread to the main thread. */
export interface SessionLink {
  /** @param ttlMs is the lifetime that a nested access gives the session. */
  commit(changes: Entries, ttlMs: number | undefined): Promise<Reply>
  close(changes: Entries): Promise<Reply>
  rotate(changes: Entries, to: string | undefined): Promise<Reply>
  destroy(): Promise<Reply>
  /** @param waits are those of a nested access. */
  lock(locks: LockSpec, options: LockOptions | undefined, waits: WaitOptions | undefined): Promise<Reply>
  setTtl(ttlMs: number): void
  /** Returns undefined where not all of the locks are free. */
  tryLock(locks: LockSpec): Attributes | undefined
}

/** The parts of the thread's client that a session needs. */
export interface WorkerContext {
  readonly nesting: Nesting<Joinable>
  readonly rules: AttributeRules
  keyOf(id: string): SessionKey
}

const NO_CHANGES: Changes = new Map()

/** The session object of an access whose work runs in this worker thread. */
export class WorkerSession extends OutermostSession implements WholeSession {
  /** The locks of this session. Nested accesses look here. */
  readonly ticket: { request: LockRequest }
  readonly content: AccessState
  /** All calls of {@link commit} so far, of which some may be under way. */
  committing: Promise<void> | undefined
  private readonly attributes: WorkerAttributes
  private readonly controller = new AbortController()
  private wantedController = new AbortController()
  private facts: Facts
  /** When the main thread sent them, by this thread's monotonic clock. */
  private factsSinceMs = performance.now()
  private ttl: number | undefined

  /** The key is another after a rotation. */
  constructor(
    private readonly context: WorkerContext,
    public key: SessionKey,
    opened: Opened,
    request: LockRequest,
    protected readonly link: SessionLink,
  ) {
    super()
    this.facts = opened.facts
    if (opened.facts.wanted) this.becomeWanted()
    this.ticket = { request }
    this.attributes = new WorkerAttributes({}, context.rules)
    this.attributes.receive(opened.attributes)
    this.content = new AccessState(this.attributes, this)
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  get epoch(): number {
    return this.facts.epoch
  }

  get absence(): Absence | undefined {
    return this.facts.absence
  }

  get isNew(): boolean {
    return this.facts.isNew
  }

  get createdAt(): Date {
    return new Date(this.facts.createdAt)
  }

  get lastAccessAt(): Date {
    return new Date(this.facts.lastAccessAtMs)
  }

  get rev(): number {
    return this.facts.rev
  }

  get ttlMs(): number {
    return this.ttl ?? this.facts.ttlMs
  }

  set ttlMs(ttlMs: number) {
    this.checkUsable()
    this.ttl = compileTtlMs(ttlMs)
    this.link.setTtl(ttlMs)
  }

  get aliveUntil(): Date {
    return this.aliveWith(undefined)
  }

  aliveWith(ttlMs: number | undefined): Date {
    const { facts, factsSinceMs } = this
    const ttl = ttlMs ?? this.ttl
    if (!isOtherTtl(facts, ttl)) return new Date(facts.aliveUntilMs)
    return new Date(untilWith(facts, ttl, Math.round(facts.nowMs + performance.now() - factsSinceMs)))
  }

  get wanted(): boolean {
    return this.wantedSignal.aborted
  }

  get wantedSignal(): AbortSignal {
    return this.wantedController.signal
  }

  commit(): Promise<void> {
    return this.commitPart(undefined, undefined)
  }

  async commitPart(part: NestedState | undefined, ttlMs: number | undefined): Promise<void> {
    this.checkUsable()
    const changes = this.changes(part)
    const { ttl } = this
    this.ttl = ttlMs ?? ttl
    const refused = part === undefined ? undefined : this.content.unfinished.committed(part)
    const done = this.sendChanges(changes, (sent) => this.link.commit(sent, ttlMs), part === undefined).then(
      () => {},
      (error) => {
        refused?.()
        if (this.ttl === ttlMs) this.ttl = ttl
        throw error
      },
    )
    this.committing = both(this.committing, done)
    // The caller learns of the failure by `done`.
    this.committing.catch(() => {})
    return done
  }

  get answered(): Promise<void> | undefined {
    return this.attributes.isAnySent ? this.committing?.catch(() => {}) : undefined
  }

  lock(more: LockSpec, options?: LockOptions): Promise<this> {
    return this.lockFor(more, options, undefined)
  }

  async lockFor(more: LockSpec, options: LockOptions | undefined, waits: WaitOptions | undefined): Promise<this> {
    this.checkUsable()
    const request = compileLockRequest(more)
    const reply = await this.told(this.link.lock(more, options, waits))
    return this.widened(request, reply.attributes)
  }

  tryLock(more: LockSpec): this | undefined {
    this.checkUsable()
    const request = compileLockRequest(more)
    const attributes = this.link.tryLock(more)
    return attributes === undefined ? undefined : this.widened(request, attributes)
  }

  /** The differences from the main thread's values. Throws on values that cannot be stored. */
  changes(part?: NestedState): Changes {
    return (this.isDestroyed ? undefined : this.content.changes(part)) ?? NO_CHANGES
  }

  /** The session is lost: from now on every use of it throws this error. */
  lose(error: Error): void {
    // A listener is not inside the access that closes the client.
    outsideAccesses(() => this.controller.abort(error))
  }

  /** Another process asks for the session. */
  becomeWanted(): void {
    this.wantedController.abort()
  }

  protected get loss(): Error | undefined {
    return this.signal.aborted ? this.signal.reason : undefined
  }

  protected get nesting(): Nesting<Joinable> {
    return this.context.nesting
  }

  protected async destroyed(): Promise<void> {
    await this.told(this.link.destroy())
  }

  protected async moved(to: string | undefined): Promise<string> {
    const reply = await this.sendChanges(this.changes(), (changes) => this.link.rotate(changes, to))
    const id = reply.id as string
    this.renamed(this.context.keyOf(id))
    if (this.wanted) this.wantedController = new AbortController()
    if (reply.facts.wanted) this.becomeWanted()
    return id
  }

  protected sendChanges(
    changes: Changes,
    request: (changes: Entries) => Promise<Reply>,
    isWhole = true,
  ): Promise<Reply> {
    return this.attributes.whileSent(changes, isWhole, (sent) => this.told(request([...sent])))
  }

  /**
   * Waits for a reply. If the session was lost meanwhile, the request fails with the loss, unless its effect is
   * unknown.
   */
  private async told(requested: Promise<Reply>): Promise<Reply> {
    try {
      const reply = await requested
      this.facts = reply.facts
      this.factsSinceMs = performance.now()
      return reply
    } catch (error) {
      if (this.loss !== undefined && (error as HoldfastError).effect !== 'unknown') throw this.loss
      throw error
    }
  }

  /** Adds the new locks and attributes. An attribute that was locked already stays as it is: it may have been changed. */
  private widened(request: LockRequest, attributes: Attributes): this {
    const before = this.ticket.request
    this.attributes.receive(attributes.filter(([name]) => !permits(before, name, 'shared')))
    this.ticket.request = merge(before, request)
    this.checkUsable()
    return this
  }
}
