import type { Item } from '../../protocol/dynamodb.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'

/** A message that was answered. */
export interface Exchange {
  readonly p: string
  readonly message: ClientMessage
  readonly answer: StoreMessage
  /** The lock record when the message arrived. */
  readonly before: Item | undefined
  /** Pushes about the session until the answer. */
  readonly pushes: number
  /** When the message arrived, in true time. */
  readonly arrivedAtMs: number
  /** The connection to which the last push for this message went, if that was gone. */
  readonly gone: string | undefined
}
