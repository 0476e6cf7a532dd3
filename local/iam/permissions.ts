import { TemplateError } from '../errors.js'

/** One statement of an IAM policy. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
}

/**
 * Reads an evaluated policy document. Throws a TemplateError for anything that it cannot judge as IAM does, such as a
 * condition.
 */
export function readStatements(document: unknown, owner: string): Statement[] {
  const { Statement } = (document ?? {}) as { readonly Statement?: unknown }
  return oneOrMore(Statement).map((raw) => {
    const { Effect, Action, Resource, Sid: _, ...rest } = (raw ?? {}) as Readonly<Record<string, unknown>>
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined)
      throw new TemplateError(`the policy '${owner}' uses '${unknown}', which is not supported`)
    if (Effect !== 'Allow' && Effect !== 'Deny') {
      throw new TemplateError(`the policy '${owner}' needs an Effect of Allow or Deny, received ${String(Effect)}`)
    }
    return { effect: Effect, actions: oneOrMore(Action).map(String), resources: oneOrMore(Resource).map(String) }
  })
}

/** Whether these statements allow `action` on `resource`: a Deny wins, and the default is to deny. */
export function isAllowed(statements: readonly Statement[], action: string, resource: string): boolean {
  const applying = statements.filter(
    ({ actions, resources }) =>
      // Actions are case-insensitive in IAM, resources are not.
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matches(pattern, resource)),
  )
  return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow')
}

/** Whether `text` fits a pattern with `*` for any characters and `?` for one. */
export function matches(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text)
}

const oneOrMore = (value: unknown): readonly unknown[] => {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
