import type { OperatorOptions } from '../../operator/options.js'
import type { Target } from './target.js'

/** How the calls of holdfast/operator find the stack. */
export async function operatorOf(target: Target): Promise<OperatorOptions> {
  const { config, dynamo } = target
  const { region, dynamoDbEndpoint } = config
  return {
    locksTable: await target.locksTable(),
    region,
    credentials: dynamo.config.credentials,
    ...(dynamoDbEndpoint === undefined ? {} : { dynamoDbEndpoint }),
  }
}
