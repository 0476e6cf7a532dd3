/** The session of one request, for all adapters. It knows no framework. */
export {
  ADAPTER_KEYS,
  type AdapterOptions,
  type CompiledAdapterOptions,
  compileAdapterOptions,
} from './adapter-options.js'
export type { Client } from './client.js'
export type {
  FallbackStore,
  LoadedSession,
  LockMode,
  RequestSessionsOptions,
} from './options.js'
export { type Problem, problemOf } from './problem.js'
export type { RequestSession } from './request-session.js'
export { RequestSessions } from './request-sessions.js'
export type { ValueKind } from './values.js'
