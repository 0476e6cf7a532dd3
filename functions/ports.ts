import type { Store } from '../protocol/dynamodb.js'
import type { StoreMessage } from '../protocol/messages.js'
import type { Timing } from '../protocol/timing.js'

/** Where a process listens: its connection, and the management endpoint that reaches it. */
export interface Address {
  readonly connectionId: string
  readonly endpoint: string
}

/** One event worth a line in the log. It never holds a session id, a secret or a value. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly [detail: string]: string | number | boolean | undefined
}

/** All that a handler may touch. In Lambda these are real; a simulation brings its own. */
export interface Deps {
  readonly store: Store
  /** Sends to another process. It may fail or vanish: nothing depends on it, so it never throws. */
  readonly push: (to: Address, message: StoreMessage) => Promise<void>
  readonly nowMs: () => number
  readonly timing: Timing
  readonly incarnation: string
  readonly log: (entry: LogEntry) => void
}

/** A message of one type, and the process that its connection belongs to. */
export interface Sender {
  readonly processId: string
}
