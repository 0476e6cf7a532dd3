import type { Store } from '../protocol/dynamodb.js'
import type { StoreMessage } from '../protocol/messages.js'
import type { Measured } from '../protocol/metrics.js'
import type { Namespaces } from '../protocol/process/namespaces.js'
import type { Timing } from '../protocol/timing.js'
import type { KnownIncarnation } from './known-incarnation.js'
import type { KnownProcesses } from './known-processes.js'

/** Where a process listens: its connection, and the management endpoint that reaches it. */
export interface Address {
  readonly connectionId: string
  readonly endpoint: string
}

/** One line of the log. It never has a session id, a secret or a value. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [detail: string]: string | number | boolean | undefined
}

/** All that a handler may use. In Lambda these are real; a simulation has its own. */
export interface Deps {
  readonly store: Store
  /**
   * Sends a message to another process. It never throws: the message may get lost, and nothing depends on it. Resolves to
   * false where the gateway says that this connection is gone. A message to NOWHERE is lost.
   */
  readonly push: (to: Address, message: StoreMessage) => Promise<boolean>
  /** What this environment remembers of processes. */
  readonly processes: KnownProcesses
  readonly nowMs: () => number
  readonly timing: Timing
  readonly incarnation: KnownIncarnation
  readonly namespaces: Namespaces
  /** `measured` is what the event adds to the metrics. */
  readonly log: (entry: LogEntry, measured?: Measured) => void
}

/** The process that a message comes from. */
export interface Speaker {
  readonly processId: string
  /** A short hash of its principal. It is the same for all processes of one principal. */
  readonly mark: string
  /** The namespaces that its principal is confined to; undefined where it may use all. */
  readonly namespaces: ReadonlySet<string> | undefined
  /** It hears nothing but answers, so it must look for itself whether it was granted a lock. */
  readonly polls?: true
}

/** The sender of the message that is handled. */
export interface Sender extends Speaker {
  /** When the gateway, or else this function, received the message. */
  readonly receivedMs: number
}
