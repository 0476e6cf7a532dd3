import { type Stack, Token } from 'aws-cdk-lib'
import { FunctionUrlAuthType, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type { Right } from './application-grants.js'

/**
 * Regions without function URLs, as a copy of https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html, read on
 * 2026-11-29, names them; and those for which the rules of aws-cdk-lib say that CloudFormation knows no function URLs.
 * `https: true` overrules this.
 */
const REGIONS_WITHOUT: ReadonlySet<string> = new Set([
  'ap-east-2',
  'ap-south-2',
  'ap-southeast-4',
  'ap-southeast-5',
  'ap-southeast-6',
  'ap-southeast-7',
  'ca-west-1',
  'cn-northwest-1',
  'eu-central-2',
  'eu-south-2',
  'il-central-1',
  'me-central-1',
  'mx-central-1',
  'us-gov-east-1',
  'us-gov-west-1',
])

/** Whether the stack's region has function URLs, as far as the region is known at synthesis. */
export const hasFunctionUrls = ({ region }: Stack): boolean =>
  Token.isUnresolved(region) || !REGIONS_WITHOUT.has(region)

/**
 * The rights to send messages to the function URL of this function. AWS asks for two. By the condition, the second one is no
 * right to invoke the function by other ways, with an event that names another caller.
 */
export const rightsToSend = (resourceArn: string): readonly Right[] => [
  {
    action: 'lambda:InvokeFunctionUrl',
    resourceArn,
    conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': FunctionUrlAuthType.AWS_IAM } },
  },
  {
    action: 'lambda:InvokeFunction',
    resourceArn,
    conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
  },
]

/** The URL of the function that takes messages over HTTPS. Each request is signed by the caller's AWS credentials. */
export class FunctionUrl {
  readonly url: string
  readonly rights: readonly Right[]

  constructor(handler: LambdaFunction) {
    this.url = handler.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }).url
    this.rights = rightsToSend(handler.functionArn)
  }
}
