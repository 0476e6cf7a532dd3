import type { AttributeValue } from '../../protocol/dynamodb.js'
import { type LockRequest, permits } from '../attribute-locks/lock-request.js'
import { decodeValue, encodeValue, equalEncoded, ReadOnlyGuard } from '../codec/index.js'
import { InvalidValueError, NotLockedError } from '../errors/index.js'
import { checkAttributeName } from '../options/attribute-name.js'
import type { Changes } from './attribute-cache.js'
import { DetachedObjects } from './detached.js'
import { ObjectGraph } from './object-graph.js'
import { isSameForm, Savepoint, type UnfinishedPart } from './savepoint.js'
import { stateObject } from './state-object.js'
import type { SeenAttribute, StateSource } from './state-source.js'
import { refuseConflict, refuseMixed, UnfinishedParts } from './unfinished-parts.js'

const DELETED = Symbol('deleted')

/** The access whose attributes they are. */
interface StateUser {
  /** Its locks. `session.lock()` adds to them. */
  readonly ticket: { readonly request: LockRequest }
  /** Throws where the access has ended or lost its session. */
  checkUsable(): void
}

/** The attributes as one access sees and changes them: an overlay of its own copies over the cached values. */
export class AccessState {
  /** The object that `session.state` gives. */
  readonly proxy: Record<string, unknown>
  /** Copies that the access may have changed, new values, and deletions. Made when there is a first one. */
  private overlay: Map<string, unknown> | undefined
  /** Values read under shared locks. Each is decoded once, so that every read gives the same object. */
  private shared: Map<string, unknown> | undefined
  private parts: UnfinishedParts | undefined
  /** An attribute on which the outcomes of nested accesses contradict each other. */
  conflict: string | undefined
  private detached: DetachedObjects | undefined
  private savepoints = 0

  constructor(
    private readonly source: StateSource,
    private readonly user: StateUser,
  ) {
    this.proxy = stateObject(this)
  }

  /** Throws where the access has ended or lost its session. */
  checkUsable(): void {
    this.user.checkUsable()
  }

  /** The nested accesses that still run, on every level. */
  get unfinished(): UnfinishedParts {
    this.parts ??= new UnfinishedParts()
    return this.parts
  }

  /**
   * The differences from the cached state, in encoded form, without what nested accesses have changed that still run.
   * Undefined where there are none. Throws on bad values, and where it is not known whose the changes are.
   *
   * @param part leaves out the attributes that this nested access has not written.
   */
  changes(part?: UnfinishedPart): Changes | undefined {
    let changes: Map<string, AttributeValue | undefined> | undefined
    if (this.overlay === undefined) return undefined
    if (part === undefined) refuseConflict(this.conflict)
    this.checkDetached(part)
    for (const [name, live] of this.overlay) {
      if (part?.savepoints.has(name) === false) continue
      const value = this.parts === undefined ? live : this.finishedValue(name, live, part)
      if (value === undefined) continue
      const cached = this.source.encoded(name)
      const encoded = value === DELETED ? undefined : this.source.encode(name, value)
      if (encoded === undefined ? cached === undefined : cached !== undefined && equalEncoded(encoded, cached)) continue
      if (part !== undefined && this.unfinished.isUsedBeside(name, part)) refuseMixed(name)
      changes ??= new Map()
      changes.set(name, encoded)
    }
    return changes
  }

  /** The attributes that exist and that these locks cover, by default those of the access, for a worker thread. */
  *attributesUnder({ whole, writes, reads }: LockRequest = this.request): Iterable<SeenAttribute> {
    this.checkUsable()
    for (const name of whole === undefined ? [...writes, ...reads] : this.source.names()) {
      const stored = this.source.encoded(name)
      if (stored !== undefined) yield this.seen(name, stored)
    }
  }

  /**
   * Takes over the changes of a worker thread, or nothing. Throws where an attribute is not locked for writing. The
   * returned function undoes it, but for attributes that have been set again.
   */
  adopt(changes: Changes): () => void {
    const adopted = [...changes].map(([name, encoded]) => {
      this.checkWritable(name)
      return { name, before: this.overlay?.get(name), value: encoded === undefined ? DELETED : decodeValue(encoded) }
    })
    for (const { name, value } of adopted) this.put(name, value)
    return () => {
      for (const { name, before, value } of adopted) {
        if (this.overlay?.get(name) !== value) continue
        this.overlay?.delete(name)
        if (before !== undefined) this.put(name, before)
      }
    }
  }

  get(name: string): unknown {
    this.checkUsable()
    const own = this.overlay?.get(name)
    if (own !== undefined) return own === DELETED ? undefined : own
    if (permits(this.request, name, 'exclusive')) {
      const value = this.source.read(name)
      // A primitive cannot be changed in place, so it needs no copy that is compared at the end.
      if (typeof value === 'object' && value !== null) this.put(name, value)
      return value
    }
    if (permits(this.request, name, 'shared')) return this.getShared(name)
    throw new NotLockedError(name, 'read')
  }

  /** @param by the nested access that changes it, if one does. */
  set(name: string, value: unknown, by?: UnfinishedPart): void {
    this.checkWritable(name)
    if (value === undefined) {
      if (this.source.dropsUndefined) return this.delete(name, by)
      throw new InvalidValueError(
        name,
        `undefined cannot be stored: use session.delete('${name}'), or set undefinedValues to 'drop'`,
      )
    }
    this.source.checkValue(name, value)
    this.parts?.share(name, by)
    this.put(name, value)
  }

  delete(name: string, by?: UnfinishedPart): void {
    this.checkWritable(name)
    this.parts?.share(name, by)
    this.put(name, DELETED)
  }

  /** Whether the attribute is locked, and the access may still be used. */
  isReadable(name: string): boolean {
    try {
      this.checkUsable()
      return permits(this.request, name, 'shared')
    } catch {
      return false
    }
  }

  /** Whether the attribute exists and this access may read it. */
  isVisible(name: string): boolean {
    this.checkUsable()
    if (!permits(this.request, name, 'shared')) return false
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
    return [...names].filter((name) => permits(this.request, name, 'shared'))
  }

  /** A read-only copy of the value as it is now, with the access's own changes. */
  snapshot(name: string): unknown {
    const own = this.overlay?.get(name)
    if (own === undefined) return this.source.readShared(name)
    if (own === DELETED) return undefined
    const copy = decodeValue(this.formOf(name, own))
    new ReadOnlyGuard(name).close(copy)
    return copy
  }

  /** Throws an InvalidValueError where the value cannot be stored: it could not be restored exactly. */
  save(name: string): Savepoint {
    const own = this.overlay?.get(name)
    const encoded = own === undefined || own === DELETED ? undefined : this.formOf(name, own)
    this.savepoints += 1
    const graph = typeof own === 'object' ? new ObjectGraph(own) : undefined
    return new Savepoint(own, encoded, graph, this.source.encoded(name), this.savepoints)
  }

  /** Undoes all changes since then, but committed ones. It does so in place: the program may refer to the objects. */
  restore(name: string, savepoint: Savepoint): boolean {
    const { own, encoded, graph } = savepoint
    const live = this.overlay?.get(name)
    if (savepoint.isStored(this.source.encoded(name))) {
      if (live === undefined || this.isAsCached(name, live)) return false
      this.overlay?.delete(name)
      this.detach(name, [live, ...(graph?.objects() ?? [])], undefined)
      return true
    }
    if (Object.is(live, own) && graph?.isChanged() !== true) return false
    const isIntact = graph === undefined || graph.restore()
    this.put(name, isIntact ? own : decodeValue(encoded as AttributeValue))
    this.detach(name, isIntact ? [live] : [live, ...(graph?.objects() ?? [])], isIntact ? graph : undefined)
    return true
  }

  /** Throws where the program has changed an object that is not a value of the access any more. It tells this once. */
  checkDetached(part?: UnfinishedPart): void {
    this.detached?.check(part, [...(this.overlay?.values() ?? [])])
  }

  private seen(name: string, stored: AttributeValue): SeenAttribute {
    try {
      return { name, stored, current: this.source.current(name), problem: undefined }
    } catch (problem) {
      return { name, stored, current: undefined, problem }
    }
  }

  private isAsCached(name: string, live: unknown): boolean {
    if (live === DELETED) return this.source.encoded(name) === undefined
    return isSameForm(
      () => this.formOf(name, live),
      () => this.source.current(name),
    )
  }

  private formOf(name: string, value: unknown): AttributeValue {
    return encodeValue(value, name, this.source.dropsUndefined ? 'drop' : 'refuse')
  }

  private detach(name: string, values: readonly unknown[], kept: ObjectGraph | undefined): void {
    this.detached ??= new DetachedObjects()
    this.detached.add(name, values, kept)
  }

  /**
   * The value without the changes of nested accesses that still run; undefined where that is the cached one. Throws
   * where the changes are not theirs alone.
   */
  private finishedValue(name: string, live: unknown, part: UnfinishedPart | undefined): unknown {
    const saved = this.unfinished.savedIn(name, part)
    const first = saved[0]
    if (first === undefined) return live
    const { own, encoded } = first
    const isStored = first.isStored(this.source.encoded(name))
    if (saved.some(({ isShared }) => isShared)) {
      const isDeleted = own === DELETED && live === DELETED
      const isSame = isStored
        ? this.isAsCached(name, live)
        : isDeleted ||
          isSameForm(
            () => this.formOf(name, live),
            () => encoded,
          )
      if (!isSame) refuseMixed(name)
    }
    if (isStored) return undefined
    return encoded === undefined ? DELETED : decodeValue(encoded)
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

  private get request(): LockRequest {
    return this.user.ticket.request
  }

  protected checkWritable(name: string): void {
    this.checkUsable()
    if (!permits(this.request, name, 'exclusive')) throw new NotLockedError(name, 'write')
    checkAttributeName(name)
  }
}
