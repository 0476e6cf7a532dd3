export { createHoldfast } from './create.js'
export * from './errors.js'
export type { Health, Holdfast, HoldfastEvents, OpenSession, Peeked } from './holdfast.js'
export type { LockSpec } from './lock-request.js'
export type {
  AccessOptions,
  Durability,
  HoldfastConfig,
  HoldfastOptions,
  LockOptions,
  RotateOptions,
} from './options.js'
export type { Schemas, StandardIssue, StandardResult, StandardSchema } from './schemas.js'
export type { Session } from './session.js'
export type { DeepReadonly, LockedState, NameOf } from './types.js'
