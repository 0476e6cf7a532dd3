/**
 * The infrastructure, for CDK apps: `import { Holdfast } from 'holdfast/cdk'`.
 *
 * @module holdfast/cdk
 */

export type { Timing } from '../protocol/timing.js'
export type { ConnectOptions, Grants } from './grants.js'
export { Holdfast, type HoldfastProps } from './holdfast.js'
export { HoldfastStack, type HoldfastStackProps } from './stack.js'
