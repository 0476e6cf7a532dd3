import type { ListName } from './attributes.js'

/**
 * The outcome of a value that an access appended, as the access was told. `weak`: with write-back, a crash or a reported
 * loss may undo it. `forgiven`: the table was restored since, and nothing is owed.
 */
export type Outcome = 'running' | 'acknowledged' | 'weak' | 'failed' | 'unknown' | 'forgiven'

/** A value that an access appended to a list. */
export interface Appended {
  readonly token: string
  /** The server that appended it. */
  readonly by: string
  session: string
  readonly list: ListName
  readonly calledAtMs: number
  outcome: Outcome
  endedAtMs: number
}
