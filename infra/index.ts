/**
 * The infrastructure, for CDK apps: `import { Holdfast } from 'holdfast/cdk'`. `holdfast/infra` is the same.
 *
 * @module holdfast/cdk
 */

export type { Timing } from '../protocol/timing.js'
export type { ApplicationGrants } from './application-grants.js'
export type { HoldfastFunctions } from './functions.js'
export type { ConnectOptions, Grants } from './grants.js'
export { Holdfast } from './holdfast.js'
export type { HoldfastAttributes, IHoldfast } from './imported.js'
export type { MonitoringProps, StoreMetrics } from './metrics.js'
export type { HoldfastProps } from './props.js'
export { HoldfastStack, type HoldfastStackProps } from './stack.js'
