import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import type { LockRequest } from './attribute-locks/lock-request.js'

/** One session of an access, as accesses inside it see it. */
export interface Nestable {
  readonly key: string
  /** The keys that the session had before this access rotated it. */
  readonly formerKeys?: readonly string[] | undefined
  readonly ticket: { readonly request: LockRequest }
}

/** Whose accesses a scope is of: each client has one. */
export interface ScopeOwner {
  /** Names the store. Two clients with the same store and the same key of a session mean the same session. */
  readonly store: string | undefined
}

const NONE: readonly Nestable[] = []

/** The access that the current task runs in. Scopes lie in each other, also those of different clients. */
export class Scope {
  isEnded = false
  outer = currentScope()

  constructor(
    readonly owner: ScopeOwner,
    public running: readonly Nestable[],
    /** What an access to another session does inside: it is refused, since it might wait for itself, or it waits. */
    readonly others: 'refused' | 'waits',
  ) {}

  /** An ended scope keeps no session in memory: a socket, for one, may have it as its context for long. */
  close(): void {
    this.isEnded = true
    this.running = NONE
  }

  /** Node.js 20 shows the scope with every promise that is made inside the access. It must show no values. */
  [inspect.custom](): object {
    return { Scope: { isEnded: this.isEnded } }
  }
}

const NOBODY: ScopeOwner = { store: undefined }

/** A task that sessions may join while it runs, such as a request that makes one. */
export class Task {
  private readonly place = new Scope(NOBODY, [], 'waits')

  run<T>(work: () => T): T {
    return runInScope(this.place, work)
  }

  /** From now on this scope lies around the task, also where that has begun before. */
  surroundWith(scope: Scope): void {
    scope.outer = this.place.outer
    this.place.outer = scope
  }
}

// One for all clients. A nested access finds the outer one here, through any asynchronous calls in between.
const scopes = new AsyncLocalStorage<Scope>()

/** Runs a piece of work that belongs to no access, although an access may have caused it. */
export const outsideAccesses = <T>(run: () => T): T => scopes.exit(run)

export const runInScope = <T>(scope: Scope, run: () => T): T => scopes.run(scope, run)

/** Where the engine keeps the context of each task by itself, as from Node.js 24 on, no hook of Node.js does. */
const isKeptByEngine = !('_enable' in AsyncLocalStorage.prototype)

/**
 * The same, as the last step of a task that an `await` has begun, whose promise nobody else has. So the engine forgets
 * the context with the task. To put back the one before would copy all that the application has in its own storages.
 */
export function endInScope<T>(scope: Scope, run: () => T): T {
  if (!isKeptByEngine) return scopes.run(scope, run)
  scopes.enterWith(scope)
  return run()
}

/**
 * The innermost access that the current task runs in and that has not ended, of any client. A task that outlives its
 * access, such as a timer, is in none.
 */
export function currentScope(): Scope | undefined {
  const scope = scopes.getStore()
  return scope?.isEnded === true ? livingScopes().next().value : scope
}

/** Whether the current task runs in an access, of any client. */
export const isInsideAccess = (): boolean => currentScope() !== undefined

/** All accesses that it runs in, the innermost first. An ended one does not hide the ones around it. */
export function* livingScopes(): Generator<Scope, undefined> {
  for (let scope = scopes.getStore(); scope !== undefined; scope = scope.outer) if (!scope.isEnded) yield scope
  return undefined
}
