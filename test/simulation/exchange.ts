import type { Item } from '../../protocol/dynamodb.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import type { Invocation } from './invocation.js'

/** A message that was answered. */
export interface Exchange extends Readonly<Invocation> {
  readonly p: string
  readonly message: ClientMessage
  readonly answer: StoreMessage
  /** The lock record when the message arrived. */
  readonly before: Item | undefined
  /** Pushes about the session until the answer. */
  readonly pushes: number
  /** When the message arrived, in true time. */
  readonly arrivedAtMs: number
}
