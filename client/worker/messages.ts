import type { MessagePort } from 'node:worker_threads'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { LockOptions } from '../options/access-options.js'
import type { WireError } from './wire-error.js'

/**
 * The messages between a worker thread and the client in the main thread. `n` is the number of a call, `m` the number
 * of a request within a call.
 */
export type Entries = readonly (readonly [name: string, value: AttributeValue | undefined])[]

/** Options of a call, without the signal, which cannot cross a port. */
type WireOptions = { readonly [option: string]: unknown } | undefined

export type ToHost =
  | {
      readonly op: 'access' | 'accessMany' | 'rotate'
      readonly n: number
      readonly ids: readonly string[]
      readonly locks: LockSpec
      readonly options: WireOptions
    }
  | {
      readonly op: 'peek' | 'destroy' | 'release'
      readonly n: number
      readonly id: string
      readonly options: WireOptions
    }
  /** The work has ended. `changes` has its changes to each session. */
  | { readonly op: 'finish'; readonly n: number; readonly changes: readonly Entries[] }
  /** The work has failed, or the scope was left: nothing is kept. */
  | { readonly op: 'drop'; readonly n: number }
  /** The caller's signal has fired. */
  | { readonly op: 'abort'; readonly n: number }
  /** The work has given a session another lifetime. */
  | { readonly op: 'ttl'; readonly n: number; readonly index: number; readonly ttlMs: number }
  | { readonly op: 'commit'; readonly n: number; readonly m: number; readonly index: number; readonly changes: Entries }
  | {
      readonly op: 'lock'
      readonly n: number
      readonly m: number
      readonly index: number
      readonly locks: LockSpec
      readonly options: LockOptions | undefined
    }
  /** The worker thread blocks until `done` is set. Before that, the answer is sent on `port`. */
  | {
      readonly op: 'tryLock'
      readonly n: number
      readonly index: number
      readonly locks: LockSpec
      readonly done: Int32Array
      readonly port: MessagePort
    }

/** A session as its access begins. */
export interface Opened {
  readonly epoch: number
  readonly isNew: boolean
  readonly createdAtMs: number
  readonly lastAccessAtMs: number
  readonly rev: number
  readonly ttlMs: number
  readonly aliveUntilMs: number
  readonly wanted: boolean
  readonly attributes: Entries
}

/** The answer to a session's request: the attributes that it has now locked, and the new `rev` and `isNew`. */
export interface Reply {
  readonly attributes: Entries
  readonly rev: number
  readonly isNew: boolean
}

export type ToWorker =
  | { readonly kind: 'begin'; readonly n: number; readonly sessions: readonly Opened[] }
  | { readonly kind: 'done'; readonly n: number; readonly value: unknown }
  /** The call has failed. `error` is undefined where only the work has failed: the thread knows that error. */
  | { readonly kind: 'failed'; readonly n: number; readonly error: WireError | undefined }
  | ({ readonly kind: 'reply'; readonly n: number; readonly m: number } & Reply)
  | { readonly kind: 'refused'; readonly n: number; readonly m: number; readonly error: WireError }
  | { readonly kind: 'lost'; readonly n: number; readonly index: number; readonly error: WireError }
  | { readonly kind: 'wanted'; readonly n: number; readonly index: number }

/** The answer to `tryLock`. */
export type TryLocked =
  | { readonly attributes: Entries }
  | { readonly attributes: undefined; readonly error: WireError | undefined }
