/**
 * Holdfast on this machine, for tests: the functions, tables, routes and permissions that would be deployed.
 *
 * @example
 * import { startLocalStack } from 'holdfast/testing'
 *
 * let stack
 * beforeAll(async () => { stack = await startLocalStack() })
 * afterAll(() => stack.stop())
 * // then: createHoldfast({ config: stack.config, credentials: stack.credentials, … })
 */
export { JavaMissingError, LocalStartError, TemplateError } from './errors.js'
export type { FunctionLogLine } from './function-environment.js'
export type { ConnectionInfo, GatewayLimits, LocalConfig, LocalStack, Push } from './local-stack.js'
export type { LocalStackOptions } from './options.js'
export type { Credentials } from './principals.js'
export type { Fault, Faults, RecordedRequest } from './recorder.js'
export type { RequestCount, RequestSnapshot } from './request-counts.js'
export { startLocalStack } from './stack.js'
