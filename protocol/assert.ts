/**
 * A rule of Holdfast's own does not hold: a bug in Holdfast, not in the application. The message names the rule and never
 * holds a session id, a secret or a value.
 */
export class InternalError extends Error {
  readonly code = 'BROKEN_INVARIANT'

  constructor(readonly rule: string) {
    super(`a rule inside Holdfast was broken: ${rule}. This is a bug in Holdfast: please report it with this message`)
    this.name = 'InternalError'
  }
}

/** Throws an InternalError unless the condition holds. `rule` says what must hold, as a fixed text. */
export function invariant(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new InternalError(rule)
}
