import { devNull } from 'node:os'
import { dirname } from 'node:path'
import { InvalidArgumentError } from '../../client/errors/index.js'
import type { Credentials } from '../iam/principals.js'
import type { FunctionSpec } from '../template/functions.js'
import { REGION } from '../template/resources.js'

/** The environment variables of a function: Lambda's own variables, overridden by the template's. */
export function environmentVariables(
  spec: FunctionSpec,
  credentials: Credentials,
  dynamoDbEndpoint: string,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    LAMBDA_TASK_ROOT: dirname(spec.file),
    _HANDLER: `index.${spec.handler}`,
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDbEndpoint,
    // The warning is about the Node.js of this machine, not about the one that the template asks for.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // A function must not use the AWS profiles of the user who runs the stack.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    ...spec.environment,
  }
}

/** Throws an InvalidArgumentError for a variable that no function has. */
export function refuseUnknownVariables(environment: object, functions: readonly FunctionSpec[]): void {
  const known = new Set(functions.flatMap((spec) => Object.keys(spec.environment)))
  const unknown = Object.keys(environment).find((name) => !known.has(name))
  if (unknown === undefined) return
  throw new InvalidArgumentError(
    `option 'environment' sets '${unknown}', which no function has: they have ${[...known].join(', ')}`,
  )
}
