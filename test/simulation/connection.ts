import type { SocketEvents } from '../../client/ports.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Machine } from './machine.js'
import type { Timeline } from './timeline.js'

/** API Gateway closes a connection that has carried nothing for so long. */
const UNUSED_MAX_MS = 600_000

/** A message of a client, as a text and as what it says. */
export interface Sent {
  readonly text: string
  readonly message: ClientMessage
  /** Whether the gateway lets it through, once it is there: whatever runs or is repeated behind it was let through. */
  isAdmitted?: boolean
}

/** A connection of the gateway. */
export interface Connection {
  readonly id: string
  readonly owner: Machine
  readonly events: SocketEvents
  /** As its `hello` says. */
  processId: string
  /** How many messages it carried, and the type and session of each that has one, and `retire`. */
  sent: number
  readonly said: Set<string>
  isWelcome: boolean
  openedAtMs: number
  /** When it last carried a message, in either direction. */
  usedAtMs: number
  isOpen: boolean
  /** Nothing passes any more, and nobody is told. */
  isHalfOpen: boolean
}

export function closeUnused(timeline: Timeline, connection: Connection, close: () => void): void {
  const dueMs = connection.usedAtMs + UNUSED_MAX_MS
  if (!connection.isOpen) return
  if (dueMs <= timeline.nowMs) close()
  else timeline.at(dueMs, () => closeUnused(timeline, connection, close))
}
