import { type LockRequest, permits } from '../attribute-locks/lock-request.js'
import { AccessEndedError, NotLockedError } from '../errors/index.js'
import type { Savepoint, UnfinishedPart } from './savepoint.js'
import { stateObject } from './state-object.js'
import type { AccessState } from './state-view.js'
import { refuseConflict } from './unfinished-parts.js'

/**
 * The attributes as a nested access sees and changes them. They are the values of the whole access, the same objects.
 * So nothing is to be done where it ends well, and what it changed is undone where it fails.
 */
export class NestedState implements UnfinishedPart {
  /** The object that `session.state` gives. */
  readonly proxy: Record<string, unknown>
  /** The attributes that were used under write locks, here or in accesses nested in this one. */
  readonly savepoints = new Map<string, Savepoint>()
  /** An attribute on which the outcomes of accesses nested in this one contradict each other. */
  conflict: string | undefined
  private readonly inner = new Set<NestedState>()
  /** Values under shared locks, as they were at the first read. */
  private shared: Map<string, unknown> | undefined
  private isOver = false

  /** @param checkSession throws where the session object may not be used any more. */
  constructor(
    private readonly whole: AccessState,
    private readonly outer: NestedState | undefined,
    readonly request: () => LockRequest,
    private readonly checkSession: () => void,
  ) {
    this.proxy = stateObject(this)
    whole.unfinished.add(this)
    outer?.inner.add(this)
  }

  isWithin(other: UnfinishedPart): boolean {
    return this.outer !== undefined && (this.outer === other || this.outer.isWithin(other))
  }

  /** Throws where this access, or one around it, has ended or lost its session. */
  checkUsable(): void {
    this.whole.checkUsable()
    if (this.isOver) throw new AccessEndedError()
    this.checkSession()
  }

  get(name: string): unknown {
    this.checkUsable()
    if (permits(this.request(), name, 'exclusive')) {
      this.touch(name)
      return this.whole.get(name)
    }
    if (permits(this.request(), name, 'shared')) return this.getShared(name)
    throw new NotLockedError(name, 'read')
  }

  set(name: string, value: unknown): void {
    this.checkWritable(name)
    this.whole.set(name, value, this)
  }

  delete(name: string): void {
    this.checkWritable(name)
    this.whole.delete(name, this)
  }

  isReadable(name: string): boolean {
    try {
      this.checkUsable()
      return permits(this.request(), name, 'shared')
    } catch {
      return false
    }
  }

  isVisible(name: string): boolean {
    this.checkUsable()
    return permits(this.request(), name, 'shared') && this.whole.isVisible(name)
  }

  visibleNames(): string[] {
    this.checkUsable()
    return this.whole.visibleNames().filter((name) => permits(this.request(), name, 'shared'))
  }

  /** To be called when the work has ended. Undoes the changes of nested accesses that still run: nobody awaits them. */
  settle(): void {
    this.checkUsable()
    for (const part of this.inner) part.rollBack()
    refuseConflict(this.conflict)
    this.whole.checkDetached(this)
  }

  /** Undoes what this access changed and has not committed. */
  rollBack(): void {
    if (this.isOver) return
    this.leave()
    for (const [name, savepoint] of this.savepoints) if (this.whole.restore(name, savepoint)) this.undone(name)
  }

  /** Ends it. What it changed is a part of the outer access from now on. */
  leave(): void {
    this.isOver = true
    this.whole.unfinished.delete(this)
    this.outer?.inner.delete(this)
    for (const part of this.inner) part.leave()
  }

  /**
   * Another nested access may have built on what is undone, or its own change is undone as well. It may be beside this
   * access, or beside one around it.
   */
  private undone(name: string): void {
    if (this.savepoints.get(name)?.isShared !== true) return
    const around = this.outer ?? this.whole
    around.conflict ??= name
    this.outer?.undone(name)
  }

  /** To be called before the attribute is first used under a write lock. */
  private touch(name: string): void {
    this.outer?.touch(name)
    const own = this.savepoints.get(name) ?? this.whole.save(name)
    this.savepoints.set(name, own)
    for (const part of this.whole.unfinished) {
      const other = part.savepoints.get(name)
      if (other === undefined || part === this || part.isWithin(this) || this.isWithin(part)) continue
      other.isShared = true
      own.isShared = true
    }
  }

  private getShared(name: string): unknown {
    this.shared ??= new Map()
    if (!this.shared.has(name)) this.shared.set(name, this.whole.snapshot(name))
    return this.shared.get(name)
  }

  private checkWritable(name: string): void {
    this.checkUsable()
    if (!permits(this.request(), name, 'exclusive')) throw new NotLockedError(name, 'write')
    this.touch(name)
  }
}
