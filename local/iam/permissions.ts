import { TemplateError } from '../errors.js'

/** One statement of an IAM policy. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Patterns of the keys that a request may name, and it must name some; undefined where any request is meant. */
  readonly leadingKeys: readonly string[] | undefined
}

/**
 * Reads an evaluated policy document. Throws a TemplateError for anything that it cannot judge as IAM does, such as a
 * condition other than that on the keys of DynamoDB's items.
 */
export function readStatements(document: unknown, owner: string): Statement[] {
  const { Statement } = (document ?? {}) as { readonly Statement?: unknown }
  return oneOrMore(Statement).map((raw) => {
    const { Effect, Action, Resource, Condition, Sid: _, ...rest } = (raw ?? {}) as Readonly<Record<string, unknown>>
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined)
      throw new TemplateError(`the policy '${owner}' uses '${unknown}', which is not supported`)
    if (Effect !== 'Allow' && Effect !== 'Deny') {
      throw new TemplateError(`the policy '${owner}' needs an Effect of Allow or Deny, received ${String(Effect)}`)
    }
    const leadingKeys = Condition === undefined ? undefined : readLeadingKeys(Condition, owner)
    if (Effect === 'Deny' && leadingKeys !== undefined)
      throw new TemplateError(`the policy '${owner}' denies on a condition, which is not supported`)
    const [actions, resources] = [oneOrMore(Action).map(String), oneOrMore(Resource).map(String)]
    return { effect: Effect, actions, resources, leadingKeys }
  })
}

/** `ForAllValues` is true for a request without keys, so that it is taken with the `Null` check only. */
function readLeadingKeys(condition: unknown, owner: string): readonly string[] {
  const { Null, 'ForAllValues:StringLike': like, ...rest } = condition as Readonly<Record<string, Condition>>
  const patterns = like?.[LEADING_KEYS]
  const isKnown =
    Object.keys(rest).length === 0 && isOnly(like) && isOnly(Null) && String(Null?.[LEADING_KEYS]) === 'false'
  if (patterns !== undefined && isKnown) return oneOrMore(patterns).map(String)
  throw new TemplateError(`the policy '${owner}' has a condition that is not supported: ${JSON.stringify(condition)}`)
}

type Condition = Readonly<Record<string, unknown>>
const LEADING_KEYS = 'dynamodb:LeadingKeys'
const isOnly = (condition: Condition | undefined) => Object.keys(condition ?? {}).join() === LEADING_KEYS

/**
 * Whether these statements allow `action` on `resource`: a Deny wins, and the default is to deny. `keys` are those of the
 * items that a request to DynamoDB names; undefined where it names none.
 */
export function isAllowed(
  statements: readonly Statement[],
  action: string,
  resource: string,
  keys?: readonly string[],
): boolean {
  const fits = ({ leadingKeys }: Statement) =>
    leadingKeys === undefined || keys?.every((key) => leadingKeys.some((pattern) => matches(pattern, key))) === true
  const applying = statements.filter(fits).filter(
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
