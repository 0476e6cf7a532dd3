import { covers, type LockRequest } from '../attribute-locks/lock-request.js'
import { NestedAccessError } from '../errors/index.js'
import { currentScope, type Nestable, runInScope, Scope } from '../scope.js'

/** Recognises an access that runs inside another one of the same client. */
export class Nesting<R extends Nestable> {
  /** The scope of an access, until `isEnded` is set. */
  open(running: readonly R[]): Scope {
    return new Scope(this, running)
  }

  run<T>(scope: Scope, work: () => T): T {
    return runInScope(scope, work)
  }

  /** The outer access's sessions where they cover the request. Refuses an access that would wait for itself. */
  outer(keys: readonly string[], request: LockRequest): readonly R[] | undefined {
    const scope = this.scope()
    if (scope === undefined) return undefined
    return keys.map((key) => {
      const outer = scope.running.find((running) => running.key === key)
      if (outer === undefined) {
        throw new NestedAccessError('an access to another session began inside an access: use accessMany for both')
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
  refuse(what: string, key?: string): void {
    const scope = this.scope()
    if (scope === undefined || (key !== undefined && !scope.running.some((running) => running.key === key))) return
    throw new NestedAccessError(`a session cannot be ${what} inside an access: do it afterwards`)
  }

  private scope(): Scope | undefined {
    const scope = currentScope()
    return scope === undefined || scope.isEnded || scope.client !== this ? undefined : scope
  }
}
