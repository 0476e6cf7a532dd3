/** A bug to plant, of one line. `from` must occur exactly once in the file. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** It shows only while a stack is deployed. */
  readonly isRolling?: true
  /** It shows only in a storm. */
  readonly needsStorm?: boolean
}
