import { conflicts } from '../attribute-locks/deadlocks.js'
import { covers, type LockRequest } from '../attribute-locks/lock-request.js'
import { NestedAccessError } from '../errors/index.js'
import { waitsForItself } from '../errors/waits-for-itself.js'
import { currentScope, endInScope, livingScopes, type Nestable, runInScope, Scope, type ScopeOwner } from '../scope.js'

const ROTATED = 'this session has a new id since rotate(): use the new one inside this access'
const OTHER = 'an access to another session began inside an access: use accessMany for both'
const OTHERS =
  'an accessMany inside another access may name only sessions of the accesses around it: access the others after them'

/** Recognises an access that runs inside another one of the same client, or of another client of the same store. */
export class Nesting<R extends Nestable> implements ScopeOwner {
  /** @param store names the client's store where it is known. */
  constructor(readonly store: string | undefined) {}

  /** The scope of an access, until `isEnded` is set. */
  open(running: readonly R[], others: Scope['others'] = 'refused'): Scope {
    return new Scope(this, running, others)
  }

  run<T>(scope: Scope, work: () => T): T {
    return runInScope(scope, work)
  }

  /** The same, as the last step of a task that an `await` has begun. */
  runLast<T>(scope: Scope, work: () => T): T {
    return endInScope(scope, work)
  }

  /**
   * The sessions of the access around this one, the innermost that has each, where its locks cover the request. Refuses
   * an access that would wait for itself. None where it is to none of these sessions and may wait for others.
   */
  outer(keys: readonly string[], request: LockRequest): readonly R[] | undefined {
    if (currentScope() === undefined) return undefined
    const scopes = this.scopes()
    if (scopes.length === 0) {
      for (const key of keys) this.refuseForeign(key)
      return undefined
    }
    const around = scopes.flatMap(({ running }) => running)
    const mayWait = scopes.every(({ others }) => others === 'waits')
    if (mayWait && !around.some(({ key }) => keys.includes(key))) return undefined
    return keys.map((key) => {
      const outer = around.find((running) => running.key === key)
      if (outer === undefined) {
        const isRotated = around.some(({ formerKeys }) => formerKeys?.includes(key))
        throw new NestedAccessError(isRotated ? ROTATED : keys.length === 1 ? OTHER : OTHERS)
      }
      if (!covers(outer.ticket.request, request)) {
        throw new NestedAccessError(
          'a nested access to the same session asks for more than the outer one holds: lock it there, or session.lock()',
        )
      }
      return outer as R
    })
  }

  /** Refuses, inside an access, a call that waits for the end of accesses, to any session or to this one: it would wait for itself. */
  refuse(what: string, key: string, where: 'inAny' | 'inThis'): void {
    if (currentScope() === undefined) return
    this.refuseForeign(key)
    const isInside = ({ running, others }: Scope) =>
      (where === 'inAny' && others === 'refused') || running.some((one) => one.key === key)
    if (!this.scopes().some(isInside)) return
    throw new NestedAccessError(`a session cannot be ${what} inside an access: do it after the access`)
  }

  /**
   * Refuses an `open` of a session inside an access to it, or its `run`, whose locks it would wait for. Returns whether it
   * is inside one that has other locks.
   */
  refuseOpen(key: string, request: LockRequest): boolean {
    if (currentScope() === undefined) return false
    this.refuseForeign(key)
    const around = this.scopes().flatMap(({ running }) => running.filter((one) => one.key === key))
    if (around.some(({ ticket }) => conflicts(ticket.request, request))) throw waitsForItself()
    return around.length > 0
  }

  /** The scopes of this client's accesses around the current task, the innermost first. */
  private scopes(): readonly Scope[] {
    return [...livingScopes()].filter(({ owner }) => owner === this)
  }

  /** Refuses a session that another client of this process holds around this access. */
  private refuseForeign(key: string): void {
    if (this.store === undefined) return
    for (const { owner, running } of livingScopes()) {
      if (owner === this || owner.store !== this.store || !running.some((one) => one.key === key)) continue
      throw new NestedAccessError(
        'an access began inside an access of another client to the same session: use one client for both',
      )
    }
  }
}
