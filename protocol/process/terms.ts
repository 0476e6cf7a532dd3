import type { Timing } from '../timing.js'

/**
 * The times that the store keeps to for a process, in whichever function, once the process was told them. They are on
 * its record before it is told, and are never lowered there. So while functions of two timings run, all of them keep to
 * the longer times.
 */
export type Terms = Pick<Timing, 'maxBusyMs' | 'answerTimeoutMs' | 'storeMarginMs'>
type Term = keyof Terms

export const TERMS: readonly Term[] = ['maxBusyMs', 'answerTimeoutMs', 'storeMarginMs']

/** As a process record has them; undefined where a function of the version before made it. */
export type RecordedTerms = { readonly [T in Term]: number | undefined }

interface Told {
  readonly terms: RecordedTerms
}

/** The time that counts for this process: that of this function, or the longer one that the process was told. */
export const termOf = (process: Told | undefined, timing: Terms, term: Term): number =>
  Math.max(timing[term], process?.terms[term] ?? 0)

/** The terms that must go on record before this process is told this timing. */
export const termsToRaise = ({ terms }: Told, timing: Terms): readonly Term[] =>
  TERMS.filter((term) => (terms[term] ?? 0) < timing[term])
