import type { Stack } from 'aws-cdk-lib'

/** The one stage of each store. */
export const STAGE = 'live'

/** Where an API is. Its account is that of the stack. */
interface Place {
  readonly apiId: string
  readonly region: string
}

/** The name of a route or a path of the stage, for policies. */
export const stageArn = (stack: Stack, { apiId, region }: Place, path: string): string =>
  stack.formatArn({ service: 'execute-api', region, resource: apiId, resourceName: `${STAGE}/${path}` })
