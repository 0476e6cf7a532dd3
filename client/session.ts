import { inspect } from 'node:util'
import type { AttributeValue } from '../protocol/item.js'
import { encodeValue, equalEncoded } from './codec.js'
import { AccessEndedError, InvalidArgumentError, NotLockedError, WaitTimeoutError } from './errors.js'
import type { Hold } from './hold.js'
import { checkAttributeName, compileLockRequest, type LockSpec, merge, permits } from './lock-request.js'
import { Ticket } from './ticket.js'

/**
 * A session inside an access. It is usable only until the access ends, and only for the attributes that it locked.
 */
export interface Session<State = Record<string, unknown>, Names extends string = string> {
  /**
   * The attributes that this access locked. Those locked for writing are the access's own copies: change them in
   * place or assign new values. Those locked for reading are read-only. An attribute that does not exist is
   * undefined; touching one that is not locked throws a NotLockedError.
   */
  readonly state: State
  /** Aborted when the session is lost under this access; its `reason` is the typed error. Pass it on to slow calls. */
  readonly signal: AbortSignal
  /** The fencing token: rises with every grant of this session. Give it to other systems that can compare it. */
  readonly epoch: number
  /** True when this access, or one before it that changed nothing, created the session. */
  readonly isNew: boolean
  /** Another process waits for this session: a long access should come to an end. */
  readonly wanted: boolean
  /** Commits what has changed so far and goes on. Resolves when it is in DynamoDB. */
  commit(): Promise<void>
  /** Deletes an attribute, which must be locked for writing. */
  delete(name: Names): void
  /**
   * Locks more attributes, or upgrades from reading to writing. Waits until they are free.
   *
   * @throws {DeadlockError} at once, when the wait could never end. The access keeps what it has.
   */
  lock(more: LockSpec<Names>, options?: { readonly timeoutMs?: number }): Promise<void>
}

const DELETED = Symbol('deleted')
const NEVER_ATTRIBUTES = new Set([...Object.getOwnPropertyNames(Object.prototype), 'toJSON', 'then'])

/** The session object of one access: an overlay of its own copies over the hold's cached state. */
export class AccessSession implements Session {
  readonly state: Record<string, unknown>
  /** Copies that the access may have changed, new values, and deletions. */
  private readonly overlay = new Map<string, unknown>()
  private isEnded = false

  constructor(
    private readonly hold: Hold,
    private readonly ticket: Ticket,
  ) {
    this.state = new Proxy<Record<string, unknown>>(Object.create(null), new StateHandler(this))
  }

  get signal(): AbortSignal {
    return this.ticket.signal
  }

  get epoch(): number {
    return this.hold.epoch
  }

  get isNew(): boolean {
    return this.hold.isNew
  }

  get wanted(): boolean {
    return this.hold.isWanted
  }

  async commit(): Promise<void> {
    this.checkUsable()
    const changes = this.changes()
    if (changes === undefined) return this.hold.unresolvedUnder(this.ticket.request)?.done
    this.hold.checkSize(changes)
    return this.hold.stage(changes).done
  }

  delete(name: string): void {
    this.checkWritable(name)
    this.overlay.set(name, DELETED)
  }

  async lock(more: LockSpec<string>, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.checkUsable()
    const request = compileLockRequest(more)
    const { ticket, hold } = this
    if (!hold.tryExtend(ticket, request)) {
      const timeoutMs = options.timeoutMs ?? ticket.options.timeoutMs
      if (!(timeoutMs > 0)) throw new InvalidArgumentError(`timeoutMs must be above 0, received ${timeoutMs}`)
      const extension = new Ticket(request, { ...ticket.options, timeoutMs }, ticket.owner, true)
      hold.extend(extension)
      if (!extension.isGranted) {
        await extension.waitForHold(
          hold.context.clock,
          (waitedMs) => new WaitTimeoutError({ waitedMs, behind: undefined, holder: undefined }),
          () => hold.cancel(extension),
        )
      }
    }
    ticket.request = merge(ticket.request, request)
    this.checkUsable()
  }

  get isOver(): boolean {
    return this.isEnded
  }

  /** What a log may show of a session: nothing of its values. */
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

  /** What differs from the cached state, in encoded form; undefined where nothing does. Throws on bad values. */
  changes(): ReadonlyMap<string, AttributeValue | undefined> | undefined {
    let changes: Map<string, AttributeValue | undefined> | undefined
    for (const [name, value] of this.overlay) {
      const cached = this.hold.encoded(name)
      const encoded = value === DELETED ? undefined : encodeValue(value, name)
      if (encoded === undefined ? cached === undefined : cached !== undefined && equalEncoded(encoded, cached)) continue
      changes ??= new Map()
      changes.set(name, encoded)
    }
    return changes
  }

  get(name: string): unknown {
    this.checkUsable()
    const own = this.overlay.get(name)
    if (own !== undefined) return own === DELETED ? undefined : own
    const { request } = this.ticket
    if (permits(request, name, 'exclusive')) {
      const value = this.hold.read(name)
      // A primitive cannot be changed in place, so it needs no copy to compare at the end.
      if (typeof value === 'object' && value !== null) this.overlay.set(name, value)
      return value
    }
    if (permits(request, name, 'shared')) return this.hold.readShared(name)
    throw new NotLockedError(name, 'read')
  }

  set(name: string, value: unknown): void {
    this.checkWritable(name)
    if (value === undefined) {
      throw new InvalidArgumentError(`state.${name}: undefined cannot be stored; use session.delete('${name}')`)
    }
    this.overlay.set(name, value)
  }

  /** The attributes that exist and that this access may read. */
  visibleNames(): string[] {
    this.checkUsable()
    const names = new Set(this.hold.names())
    for (const [name, value] of this.overlay) {
      if (value === DELETED) names.delete(name)
      else names.add(name)
    }
    return [...names].filter((name) => permits(this.ticket.request, name, 'shared'))
  }

  private checkUsable(): void {
    if (this.ticket.loss !== undefined) throw this.ticket.loss
    if (this.isEnded) throw new AccessEndedError()
  }

  private checkWritable(name: string): void {
    this.checkUsable()
    if (!permits(this.ticket.request, name, 'exclusive')) throw new NotLockedError(name, 'write')
    checkAttributeName(name)
  }
}

/** Makes `session.state` look like a plain object of the locked attributes. */
class StateHandler implements ProxyHandler<Record<string, unknown>> {
  constructor(private readonly session: AccessSession) {}

  get(_target: object, name: string | symbol): unknown {
    // Formatters and promises probe every object for these; none can be the name of an attribute.
    if (typeof name === 'symbol' || NEVER_ATTRIBUTES.has(name)) return undefined
    return this.session.get(name)
  }

  set(_target: object, name: string | symbol, value: unknown): boolean {
    if (typeof name === 'symbol') return false
    this.session.set(name, value)
    return true
  }

  deleteProperty(_target: object, name: string | symbol): boolean {
    if (typeof name === 'symbol') return false
    this.session.delete(name)
    return true
  }

  has(_target: object, name: string | symbol): boolean {
    return typeof name === 'string' && !NEVER_ATTRIBUTES.has(name) && this.session.get(name) !== undefined
  }

  ownKeys(): string[] {
    return this.session.visibleNames()
  }

  getOwnPropertyDescriptor(_target: object, name: string | symbol): PropertyDescriptor | undefined {
    if (typeof name === 'symbol' || !this.session.visibleNames().includes(name)) return undefined
    return { value: this.session.get(name), writable: true, enumerable: true, configurable: true }
  }

  defineProperty(): boolean {
    return false
  }
}
