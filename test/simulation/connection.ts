import type { SocketEvents } from '../../client/ports.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Machine } from './machine.js'

/** A message of a client, as a text and as what it says. */
export interface Sent {
  readonly text: string
  readonly message: ClientMessage
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
  isOpen: boolean
  /** Nothing passes any more, and nobody is told. */
  isHalfOpen: boolean
}
