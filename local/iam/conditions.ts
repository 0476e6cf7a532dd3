import { TemplateError } from '../errors.js'
import { matches } from './patterns.js'

/** The facts of a request that conditions may name, by their names in lower case. A fact that is missing is not there. */
export type Context = Readonly<Record<string, readonly string[] | undefined>>

/** What a statement asks of a request. */
export interface Condition {
  readonly operator: 'Null' | keyof typeof COMPARISONS
  /** True for a fact that is not there, too: such a condition wants a `Null` beside it. */
  readonly isForAllValues: boolean
  /** In lower case, as in IAM names of facts have no case. */
  readonly key: string
  readonly values: readonly string[]
}

const COMPARISONS = {
  StringEquals: (value: string, actual: string) => value === actual,
  StringLike: matches,
  Bool: (value: string, actual: string) => value.toLowerCase() === actual.toLowerCase(),
}

/** The facts that the local stack knows of requests, and whether one may have several values of them. */
const KEYS: ReadonlyMap<string, 'one' | 'several'> = new Map([
  ['dynamodb:leadingkeys', 'several'],
  ['lambda:functionurlauthtype', 'one'],
  ['lambda:invokedviafunctionurl', 'one'],
])

const FOR_ALL = 'ForAllValues:'

/** Reads the conditions of a statement. Throws a TemplateError for one that cannot be judged as IAM does. */
export function readConditions(raw: unknown, owner: string): Condition[] {
  return Object.entries((raw ?? {}) as Readonly<Record<string, object>>).flatMap(([name, byKey]) =>
    Object.entries(byKey).map(([key, value]) => readCondition(name, key, value, owner)),
  )
}

function readCondition(name: string, key: string, value: unknown, owner: string): Condition {
  const isForAllValues = name.startsWith(FOR_ALL)
  const operator = isForAllValues ? name.slice(FOR_ALL.length) : name
  const values = oneOrMore(value).map(String)
  const quantity = KEYS.get(key.toLowerCase())
  const refuse = (why: string) => {
    const condition = JSON.stringify({ [name]: { [key]: value } })
    return new TemplateError(`the policy '${owner}' has a condition that is not supported, ${why}: ${condition}`)
  }
  if (!isOperator(operator) || (isForAllValues && operator === 'Null')) throw refuse('by its operator')
  if (quantity === undefined) throw refuse('by its key')
  if (quantity === 'several' && operator !== 'Null' && !isForAllValues) throw refuse(`without ${FOR_ALL}`)
  if (values.some((one) => one.includes('${'))) throw refuse('with a variable')
  const isTruth = operator === 'Null' || operator === 'Bool'
  if (isTruth && values.some((one) => !/^(?:true|false)$/i.test(one))) throw refuse('by its value')
  return { operator, isForAllValues, key: key.toLowerCase(), values }
}

const isOperator = (name: string): name is Condition['operator'] => name === 'Null' || Object.hasOwn(COMPARISONS, name)

/** Whether a request with these facts meets this condition. */
export function isMet({ operator, isForAllValues, key, values }: Condition, context: Context): boolean {
  const actual = context[key]
  if (operator === 'Null') return values.some((value) => value.toLowerCase() === String(actual === undefined))
  if (actual === undefined) return isForAllValues
  return actual.every((one) => values.some((value) => COMPARISONS[operator](value, one)))
}

/** A list, of which policies leave out the brackets where it has one item. */
export const oneOrMore = (value: unknown): readonly unknown[] => {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}
