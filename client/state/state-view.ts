import type { AttributeValue } from '../../protocol/dynamodb.js'
import { type LockRequest, permits } from '../attribute-locks/lock-request.js'
import { decodeValue, equalEncoded } from '../codec/index.js'
import { InvalidArgumentError, NotLockedError } from '../errors/index.js'
import { checkAttributeName } from '../options/attribute-name.js'
import type { Changes } from './attribute-cache.js'
import { stateObject } from './state-object.js'

/** The source of an access's values: the hold in this process, or the copies that were sent to a worker thread. */
export interface StateSource {
  names(): Iterable<string>
  /** The value as DynamoDB has it. */
  encoded(name: string): AttributeValue | undefined
  /** The form in which DynamoDB stores the value. Throws where the value cannot be stored. */
  encode(name: string, value: unknown): AttributeValue
  /** The value as accesses see it, in encoded form: a schema may have changed it. */
  current(name: string): AttributeValue | undefined
  /** A copy of the value for the caller alone. */
  read(name: string): unknown
  /** The value, read-only. */
  readShared(name: string): unknown
}

const DELETED = Symbol('deleted')

/** The attributes as one access sees and changes them: an overlay of its own copies over the cached values. */
export class AccessState {
  /** The object that `session.state` gives. */
  readonly proxy: Record<string, unknown>
  /** Copies that the access may have changed, new values, and deletions. Made when there is a first one. */
  private overlay: Map<string, unknown> | undefined
  /** Values read under shared locks. Each is decoded once, so that every read gives the same object. */
  private shared: Map<string, unknown> | undefined

  /** @param checkUsable throws where the access has ended or lost its session. */
  constructor(
    private readonly source: StateSource,
    private readonly request: () => LockRequest,
    readonly checkUsable: () => void,
    /** Throws where a new value is too large, as far as this is known before it is encoded. */
    private readonly checkValue: (name: string, value: unknown) => void,
  ) {
    this.proxy = stateObject(this)
  }

  /** The differences from the cached state, in encoded form. Undefined where there are none. Throws on bad values. */
  changes(): Changes | undefined {
    let changes: Map<string, AttributeValue | undefined> | undefined
    if (this.overlay === undefined) return undefined
    for (const [name, value] of this.overlay) {
      const cached = this.source.encoded(name)
      const encoded = value === DELETED ? undefined : this.source.encode(name, value)
      if (encoded === undefined ? cached === undefined : cached !== undefined && equalEncoded(encoded, cached)) continue
      changes ??= new Map()
      changes.set(name, encoded)
    }
    return changes
  }

  /** The attributes that exist and are locked. They are sent to a worker thread. */
  lockedEntries(): Iterable<readonly [name: string, value: AttributeValue]> {
    return this.entries(this.request())
  }

  /** The attributes that exist and that these locks cover. */
  *entries({ whole, writes, reads }: LockRequest): Iterable<readonly [name: string, value: AttributeValue]> {
    this.checkUsable()
    for (const name of whole === undefined ? [...writes, ...reads] : this.source.names()) {
      const value = this.source.current(name)
      if (value !== undefined) yield [name, value]
    }
  }

  /** Takes over the changes of a worker thread. Throws where an attribute is not locked for writing. */
  adopt(changes: Changes): void {
    for (const [name, encoded] of changes) {
      this.checkWritable(name)
      this.put(name, encoded === undefined ? DELETED : decodeValue(encoded))
    }
  }

  get(name: string): unknown {
    this.checkUsable()
    const own = this.overlay?.get(name)
    if (own !== undefined) return own === DELETED ? undefined : own
    if (permits(this.request(), name, 'exclusive')) {
      const value = this.source.read(name)
      // A primitive cannot be changed in place, so it needs no copy that is compared at the end.
      if (typeof value === 'object' && value !== null) this.put(name, value)
      return value
    }
    if (permits(this.request(), name, 'shared')) return this.getShared(name)
    throw new NotLockedError(name, 'read')
  }

  set(name: string, value: unknown): void {
    this.checkWritable(name)
    if (value === undefined) {
      throw new InvalidArgumentError(`state.${name}: undefined cannot be stored; use session.delete('${name}')`)
    }
    this.checkValue(name, value)
    this.put(name, value)
  }

  delete(name: string): void {
    this.checkWritable(name)
    this.put(name, DELETED)
  }

  /** Whether the attribute is locked, and the access may still be used. */
  isReadable(name: string): boolean {
    try {
      this.checkUsable()
      return permits(this.request(), name, 'shared')
    } catch {
      return false
    }
  }

  /** Whether the attribute exists and this access may read it. */
  isVisible(name: string): boolean {
    this.checkUsable()
    if (!permits(this.request(), name, 'shared')) return false
    const own = this.overlay?.get(name)
    return own === undefined ? this.source.encoded(name) !== undefined : own !== DELETED
  }

  /** The attributes that exist and that this access may read. */
  visibleNames(): string[] {
    this.checkUsable()
    const names = new Set(this.source.names())
    for (const [name, value] of this.overlay ?? []) {
      if (value === DELETED) names.delete(name)
      else names.add(name)
    }
    return [...names].filter((name) => permits(this.request(), name, 'shared'))
  }

  private put(name: string, value: unknown): void {
    this.overlay ??= new Map()
    this.overlay.set(name, value)
  }

  private getShared(name: string): unknown {
    const known = this.shared?.get(name)
    if (known !== undefined) return known
    const value = this.source.readShared(name)
    if (typeof value !== 'object' || value === null) return value
    this.shared ??= new Map()
    this.shared.set(name, value)
    return value
  }

  private checkWritable(name: string): void {
    this.checkUsable()
    if (!permits(this.request(), name, 'exclusive')) throw new NotLockedError(name, 'write')
    checkAttributeName(name)
  }
}
