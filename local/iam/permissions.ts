import { TemplateError } from '../errors.js'

/** One statement of an IAM policy. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Patterns of the keys that a request may name, and it must name some; undefined where any request is meant. */
  readonly leadingKeys: readonly string[] | undefined
  /** What a request must have, besides. */
  readonly conditions: readonly Equality[]
}

/** A request has this key, with one of these values. */
interface Equality {
  readonly key: string
  readonly values: readonly string[]
}

/** What IAM knows of a request beside its action and its resource. */
export interface RequestFacts {
  /** The keys of the items that a request to DynamoDB names; undefined where it names none. */
  readonly keys?: readonly string[] | undefined
  /** Values by the names of condition keys. */
  readonly context?: Readonly<Record<string, string>> | undefined
}

/** The conditions that compare one value with others for equality: operator and key. A request tells no other key. */
const EQUALITIES: ReadonlySet<string> = new Set([
  'StringEquals lambda:FunctionUrlAuthType',
  'Bool lambda:InvokedViaFunctionUrl',
])

/** Reads an evaluated policy document. Throws a TemplateError for anything that it cannot judge as IAM does. */
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
    const { leadingKeys, conditions } = readConditions((Condition ?? {}) as Conditions, owner)
    if (Effect === 'Deny' && leadingKeys !== undefined)
      throw new TemplateError(`the policy '${owner}' denies on a condition, which is not supported`)
    const [actions, resources] = [oneOrMore(Action).map(String), oneOrMore(Resource).map(String)]
    return { effect: Effect, actions, resources, leadingKeys, conditions }
  })
}

type Conditions = Readonly<Record<string, Condition>>
type Condition = Readonly<Record<string, unknown>>

function readConditions(all: Conditions, owner: string): Pick<Statement, 'leadingKeys' | 'conditions'> {
  const { Null, 'ForAllValues:StringLike': like, ...rest } = all
  const equalities = Object.entries(rest).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values: oneOrMore(values).map(String) })),
  )
  const isOnKeys = Null !== undefined || like !== undefined
  const leadingKeys = isOnKeys ? leadingKeysOf(like, Null) : undefined
  const isKnown =
    (leadingKeys !== undefined || !isOnKeys) &&
    Object.keys(rest).every((operator) => equalities.some((one) => one.operator === operator)) &&
    equalities.every(({ operator, key }) => EQUALITIES.has(`${operator} ${key}`))
  if (isKnown) return { leadingKeys, conditions: equalities }
  throw new TemplateError(`the policy '${owner}' has a condition that is not supported: ${JSON.stringify(all)}`)
}

/** `ForAllValues` is true for a request without keys, so that it is taken with the `Null` check only. */
function leadingKeysOf(like: Condition | undefined, isMissing: Condition | undefined): readonly string[] | undefined {
  const isKnown = isOnly(like) && isOnly(isMissing) && String(isMissing?.[LEADING_KEYS]) === 'false'
  return isKnown ? oneOrMore(like?.[LEADING_KEYS]).map(String) : undefined
}

const LEADING_KEYS = 'dynamodb:LeadingKeys'
const isOnly = (condition: Condition | undefined) => Object.keys(condition ?? {}).join() === LEADING_KEYS

/** Whether these statements allow `action` on `resource`: a Deny wins, and the default is to deny. */
export function isAllowed(
  statements: readonly Statement[],
  action: string,
  resource: string,
  { keys, context = {} }: RequestFacts = {},
): boolean {
  const fits = ({ leadingKeys, conditions }: Statement) =>
    (leadingKeys === undefined ||
      keys?.every((key) => leadingKeys.some((pattern) => matches(pattern, key))) === true) &&
    conditions.every(({ key, values }) => values.includes(context[key] ?? ''))
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
