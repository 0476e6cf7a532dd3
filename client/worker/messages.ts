import type { KeyObject } from 'node:crypto'
import type { AttributeValue } from '../../protocol/dynamodb.js'
import type { Absence } from '../../protocol/state/record.js'
import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { UndefinedValues } from '../codec/index.js'
import type { Durability, IfMissing, LockOptions } from '../options/access-options.js'
import type { Port } from './port.js'
import type { WireError } from './wire-error.js'

/**
 * The messages between a worker thread and the client in the main thread. `n` is the number of a call, `m` the number
 * of a request within a call.
 */
export type Entries = readonly (readonly [name: string, value: AttributeValue | undefined])[]

/**
 * Attributes that the thread may read: as they are stored, and as their schema returns them where that differs, or the
 * error of reading one.
 */
export type Attributes = readonly (readonly [
  name: string,
  stored: AttributeValue,
  current?: AttributeValue | undefined,
  problem?: WireError | undefined,
])[]

/** The first message on a port, which is there before anything else happens: what the thread must know of the client. */
export interface Greeting {
  readonly kind: 'greeting'
  /** Names the store, as {@link ScopeOwner.store}. */
  readonly store: string | undefined
  readonly namespace: string
  /** Crosses a port as a reference, not as bytes. */
  readonly idKey: KeyObject | undefined
  readonly undefinedValues: UndefinedValues
  readonly timeoutMs: number
  readonly ifMissing: IfMissing
  readonly durability: Durability
}

/** Options of a call, without the signal, which cannot cross a port. */
type WireOptions = { readonly [option: string]: unknown } | undefined

/** The options of a nested access for the waits of its `session.lock()`. */
interface WireWaits {
  readonly timeoutMs: number
  readonly label: string
  readonly isAborted: boolean
}

/** A call that the client makes for the thread. */
export type CallMessage =
  | {
      readonly op: 'access' | 'accessMany' | 'open' | 'rotate'
      readonly n: number
      readonly ids: readonly string[]
      readonly locks: LockSpec
      readonly options: WireOptions
      /** Of `open`: it is inside an access to the same session. */
      readonly isInside?: boolean
    }
  | {
      readonly op: 'peek' | 'destroy' | 'release'
      readonly n: number
      readonly id: string
      readonly options: WireOptions
    }
  | { readonly op: 'create'; readonly n: number; readonly attributes: Entries; readonly options: WireOptions }

/** A request to a session of a running access. It has an answer. */
export type RequestMessage = { readonly n: number; readonly m: number; readonly index: number } & (
  | { readonly op: 'close'; readonly changes: Entries }
  /** `ttlMs` is the lifetime that a nested access gives the session. */
  | { readonly op: 'commit'; readonly changes: Entries; readonly ttlMs: number | undefined }
  | { readonly op: 'rotateSession'; readonly changes: Entries; readonly to: string | undefined }
  | { readonly op: 'destroySession' }
  | {
      readonly op: 'lock'
      readonly locks: LockSpec
      readonly options: LockOptions | undefined
      readonly waits: WireWaits | undefined
    }
)

/** The worker thread blocks until `done` is set. Before that, the answer is sent on `port`. */
export interface TryLockMessage {
  readonly op: 'tryLock'
  readonly n: number
  readonly index: number
  readonly locks: LockSpec
  readonly done: Int32Array
  readonly port: Port
}

export type ToHost =
  | CallMessage
  | RequestMessage
  | TryLockMessage
  /** The work has ended. `changes` has its changes to each session. */
  | { readonly op: 'finish'; readonly n: number; readonly changes: readonly Entries[] }
  /** The work has failed, or the scope was left: nothing is kept. */
  | { readonly op: 'drop'; readonly n: number }
  /** The signal of a call has fired, or that of one request within it. */
  | { readonly op: 'abort'; readonly n: number; readonly m?: number }
  /** The work has given a session another lifetime. */
  | { readonly op: 'ttl'; readonly n: number; readonly index: number; readonly ttlMs: number }

/** A session as it is now. */
export interface Facts {
  readonly epoch: number
  readonly isNew: boolean
  readonly absence: Absence | undefined
  readonly isFixed: boolean
  readonly createdAt: number
  readonly lastAccessAtMs: number
  readonly rev: number
  readonly ttlMs: number
  readonly ownTtlMs: number | undefined
  readonly aliveUntilMs: number
  readonly nowMs: number
  readonly wanted: boolean
}

/** A session as its access begins. */
export interface Opened {
  readonly facts: Facts
  readonly attributes: Attributes
}

/** The answer to a session's request. */
export interface Reply {
  readonly facts: Facts
  /** The attributes that are locked now. */
  readonly attributes: Attributes
  /** The new id of a session that was rotated. */
  readonly id: string | undefined
  /** Why a session could not be closed. It is still open. */
  readonly problem: WireError | undefined
}

/** The result of `peek`. */
export interface WirePeeked {
  readonly attributes: Attributes
  readonly rev: number
  readonly createdAtMs: number
  readonly ttlMs: number
  readonly aliveUntilMs: number
  readonly isTouchDue: boolean
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
  /** The client is closed, and has answered all that it has received. The port closes. */
  | { readonly kind: 'closed'; readonly n: 0 }

/** The answer to `tryLock`. */
export type TryLocked =
  | { readonly attributes: Attributes }
  | { readonly attributes: undefined; readonly error: WireError | undefined }
