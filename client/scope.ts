import { AsyncLocalStorage } from 'node:async_hooks'
import type { LockRequest } from './attribute-locks/lock-request.js'

/** One session of an access, as accesses inside it see it. */
export interface Nestable {
  readonly key: string
  readonly ticket: { readonly request: LockRequest }
}

/** The access that the current task runs in. */
export class Scope {
  isEnded = false

  constructor(
    readonly client: unknown,
    readonly running: readonly Nestable[],
  ) {}
}

// One for all clients. A nested access finds the outer one here, through any asynchronous calls in between.
const scopes = new AsyncLocalStorage<Scope>()

/** Runs a piece of work that belongs to no access, although an access may have caused it. */
export const outsideAccesses = <T>(run: () => T): T => scopes.exit(run)

export const runInScope = <T>(scope: Scope, run: () => T): T => scopes.run(scope, run)

/** The innermost access that the current task runs in, of any client. */
export const currentScope = (): Scope | undefined => scopes.getStore()
