import { TemplateError } from '../errors.js'
import { type Condition, type Context, isMet, oneOrMore, readConditions } from './conditions.js'
import { matches, matchesArn } from './patterns.js'

/** One statement of an IAM policy. */
export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions: readonly Condition[]
}

/** IAM takes no wildcard for the service. */
const ACTION = /^(?:\*|[a-z\d-]+:[a-z\d*?]+)$/i

/**
 * IAM adds the parts that an ARN lacks, and documents that a star at the end of a part may reach into the next one. Neither
 * can be told of a whole ARN, since no table and no connection has a colon in its name.
 */
const RESOURCE = /^(?:\*|arn:[^:]+:[a-z\d-]+:[^:]*:[^:]*:.+)$/

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
    const [actions, resources] = [oneOrMore(Action).map(String), oneOrMore(Resource).map(String)]
    const wrong =
      actions.find((action) => !ACTION.test(action)) ??
      resources.find((resource) => !RESOURCE.test(resource) || resource.includes('${'))
    if (wrong !== undefined)
      throw new TemplateError(
        `the policy '${owner}' names '${wrong}': expected an action with its service, or a whole ARN without variables`,
      )
    return { effect: Effect, actions, resources, conditions: readConditions(Condition, owner) }
  })
}

/** Whether these statements allow `action` on `resource`: a Deny wins, and the default is to deny. */
export function isAllowed(
  statements: readonly Statement[],
  action: string,
  resource: string,
  context: Context = {},
): boolean {
  const applying = statements.filter(
    ({ actions, resources, conditions }) =>
      // Actions are case-insensitive in IAM, resources are not.
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matchesArn(pattern, resource)) &&
      conditions.every((condition) => isMet(condition, context)),
  )
  return applying.length > 0 && applying.every(({ effect }) => effect === 'Allow')
}
