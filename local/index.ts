/**
 * Holdfast for tests: in the memory of one process, for unit tests, or on this machine with the functions, tables, routes
 * and permissions that would be deployed.
 *
 * @example
 * import { startLocalStack } from 'holdfast/testing'
 *
 * let stack
 * beforeAll(async () => { stack = await startLocalStack() })
 * afterAll(() => stack.stop())
 * // then: createHoldfast({ config: stack.config, credentials: stack.credentials, … })
 *
 * @module holdfast/testing
 */

export type { Fault, Faults, RecordedRequest } from './dynamodb/proxy.js'
export type { RequestCount, RequestSnapshot } from './dynamodb/request-counts.js'
export { JavaMissingError, LocalStartError, TemplateError } from './errors.js'
export type { Rate } from './gateway/aws-quotas.js'
export type { GatewayQuotas, Quotas } from './gateway/quotas.js'
export type { Credentials } from './iam/principals.js'
export { type ShownLocks, showLocks } from './inspector/locks/show-locks.js'
export type { FunctionLogLine } from './lambda/execution-environment.js'
export type { ConnectionInfo, GatewayLimits, LocalConfig, LocalInspector, LocalStack, Push } from './local-stack.js'
export { createMemoryStack } from './memory/create-memory-stack.js'
export type { MemoryConfig, MemoryStack } from './memory/memory-stack.js'
export type { MemoryStackOptions } from './memory/options.js'
export type { LocalStackOptions } from './options.js'
export { startLocalStack } from './start-local-stack.js'
