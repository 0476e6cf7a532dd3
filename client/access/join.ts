import { setMaxListeners } from 'node:events'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AbortedError, PartialCommitError, SessionMissingError } from '../errors/index.js'
import type { CompiledAccessOptions, Durability } from '../options/access-options.js'
import type { Nestable } from '../scope.js'
import { NestedSession, type WholeSession } from './nested-session.js'
import type { Nesting } from './nesting.js'
import { isThenable, unknownOutcome, worstOf } from './outcome.js'

/** One session of an access that others can be nested in. */
export interface Joinable extends Nestable {
  readonly session: WholeSession | NestedSession
}

interface Joining {
  readonly request: LockRequest
  readonly options: CompiledAccessOptions
  /** Asked for by the access itself: only then it is to be in DynamoDB when its promise resolves. */
  readonly durability: Durability | undefined
}

/**
 * Runs the work of an access inside the accesses around it, where it is inside any. What it changes becomes a part of
 * them where it ends well, and is undone where it fails. Throws where they do not have its locks.
 */
export function join<T>(
  nesting: Nesting<Joinable>,
  keys: readonly string[],
  joining: Joining,
  work: (sessions: readonly NestedSession[]) => T | PromiseLike<T>,
): Promise<T> | undefined {
  const outer = nesting.outer(keys, joining.request)
  return outer === undefined ? undefined : runInside(nesting, outer, joining, work)
}

async function runInside<T>(
  nesting: Nesting<Joinable>,
  outer: readonly Joinable[],
  { request, options, durability }: Joining,
  work: (sessions: readonly NestedSession[]) => T | PromiseLike<T>,
): Promise<T> {
  const { signal, ifMissing } = options
  for (const { session } of outer) {
    session.content.checkUsable()
    if (ifMissing === 'fail' && session.isNew) throw new SessionMissingError(session.absence?.reason ?? 'unknown')
  }
  if (signal?.aborted) throw new AbortedError(0, signal.reason)
  const sessions = outer.map(({ session }) => new NestedSession(session, request, options))
  const scope = nesting.open(
    outer.map(({ key, ticket }, index) => ({ key, ticket, session: sessions[index] as NestedSession })),
  )
  try {
    const result = nesting.run(scope, () => work(sessions))
    const value = isThenable(result) ? await unlessLost(sessions, result) : result
    scope.close()
    for (const session of sessions) session.end()
    if (durability === 'access') await commitAll(sessions)
    for (const session of sessions) session.leave()
    return value
  } catch (error) {
    scope.close()
    // What was refused of its commits is undone, too.
    for (const { whole } of sessions) if (whole.answered !== undefined) await whole.answered
    for (const { content } of sessions) content.rollBack()
    const unknown = await unknownOutcome(sessions.map(({ whole }) => whole))
    throw unknown ?? error
  }
}

async function commitAll(sessions: readonly NestedSession[]): Promise<void> {
  const outcomes = await Promise.allSettled(sessions.map((session) => session.commitEnded()))
  const failure = worstOf(outcomes)
  if (failure === undefined) return
  throw outcomes.some(({ status }) => status === 'fulfilled') ? new PartialCommitError(failure) : failure
}

/** The loss of one session fails the access at once, whether or not its work ever ends. */
function unlessLost<T>(sessions: readonly NestedSession[], result: PromiseLike<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const signals = sessions.map(({ signal }) => signal)
    const lose = ({ target }: Event) => {
      leave()
      reject((target as AbortSignal).reason as Error)
    }
    const leave = () => {
      for (const signal of signals) signal.removeEventListener('abort', lose)
    }
    for (const signal of signals) {
      // Any number of nested accesses may wait for it.
      setMaxListeners(0, signal)
      signal.addEventListener('abort', lose)
    }
    Promise.resolve(result).then(resolve, reject).finally(leave)
  })
}
