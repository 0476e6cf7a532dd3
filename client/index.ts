/**
 * The client, for application servers: {@link createHoldfast} makes it.
 *
 * @module holdfast
 */

export type { Session } from './access/session.js'
export type { HoldfastApi, OpenSession, OpenSessionOf, Peeked, SessionOf } from './api.js'
export type { LockSpec } from './attribute-locks/lock-request.js'
export { createHoldfast } from './create.js'
export * from './errors/index.js'
export type { HoldfastEvents, HoldfastMessage, LockedNames, LocksMessage } from './events.js'
export type { Health, Holdfast, SessionHandle } from './holdfast-api.js'
export type {
  AccessOptions,
  CreateOptions,
  DestroyOptions,
  Durability,
  IfMissing,
  LockOptions,
  RotateOptions,
} from './options/access-options.js'
export type { HoldfastOptions } from './options/client-options.js'
export type { CredentialsOption } from './options/credentials.js'
export type { Schemas, StandardIssue, StandardResult, StandardSchema } from './options/schemas.js'
export type { HoldfastConfig } from './options/store-config.js'
export type {
  DeepReadonly,
  LockedState,
  NameOf,
  StateOf,
  Storable,
  StorableAttributes,
  WritesOf,
} from './state/types.js'
