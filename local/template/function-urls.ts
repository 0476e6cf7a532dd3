import { TemplateError } from '../errors.js'
import type { FunctionSpec } from './functions.js'
import { functionUrlHost, known, type Resources } from './resources.js'

/** The function URL of a template. */
export interface FunctionUrlSpec {
  readonly id: string
  readonly host: string
  readonly function: FunctionSpec
}

interface UrlProperties {
  readonly TargetFunctionArn: string
  readonly AuthType: string
}

/** Undefined where the template has none. */
export function readFunctionUrl(resources: Resources, functions: readonly FunctionSpec[]): FunctionUrlSpec | undefined {
  const [url, ...others] = resources.ofType('AWS::Lambda::Url')
  if (others.length > 0) throw new TemplateError('the template must hold one AWS::Lambda::Url at most')
  if (url === undefined) return undefined
  const { TargetFunctionArn, AuthType } = known(url, ['TargetFunctionArn', 'AuthType'], []) as unknown as UrlProperties
  const target = functions.find(({ arn, name }) => TargetFunctionArn === arn || TargetFunctionArn === name)
  if (target === undefined) throw new TemplateError(`'${url.logicalId}' is the URL of no function of this template`)
  if (AuthType !== 'AWS_IAM') {
    throw new TemplateError(`'${url.logicalId}' has the authorization '${AuthType}', which is not supported`)
  }
  return { id: url.id, host: functionUrlHost(url.id), function: target }
}
