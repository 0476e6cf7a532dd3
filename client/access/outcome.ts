import type { HoldfastError } from '../errors/index.js'

/** Whether it is a promise of any realm or library. */
export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'

/** The one failure that several commits are reported as: an unknown outcome first. */
export function worstOf(outcomes: readonly PromiseSettledResult<unknown>[]): HoldfastError | undefined {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as HoldfastError] : [],
  )
  return failures.find(({ effect }) => effect === 'unknown') ?? failures[0]
}

/** Settles when both have, with the worst failure. */
export async function both(before: Promise<void> | undefined, last: Promise<unknown>): Promise<void> {
  const failure = worstOf(await Promise.allSettled([before, last]))
  if (failure !== undefined) throw failure
}

/**
 * The failure of a commit() whose outcome is unknown. A failed access reports it instead of its own error. That error
 * does not pass through here: it may be a promise, and would be awaited.
 */
export async function unknownOutcome(
  sessions: readonly { readonly committing?: Promise<void> | undefined }[],
): Promise<HoldfastError | undefined> {
  for (const { committing } of sessions) {
    const unknown = await committing?.then(
      () => undefined,
      (failure: HoldfastError) => (failure.effect === 'unknown' ? failure : undefined),
    )
    if (unknown !== undefined) return unknown
  }
  return undefined
}
