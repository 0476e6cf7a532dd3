import { AsyncLocalStorage } from 'node:async_hooks'
import type { Update } from '../../protocol/dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'

interface Pushed {
  /** The process that the connection speaks for; undefined where the connection is gone. */
  readonly p: string | undefined
  readonly message: StoreMessage
}

/** What a function does for one message, until it answers. */
export interface Invocation {
  /** The connection to which the last push went, if that was gone. */
  gone: string | undefined
  readonly pushed: Pushed[]
  /** Its writes that have landed. */
  readonly wrote: Update[]
}

/** One for all runs: on Node.js 20 each one makes every promise dearer. */
export const invocations = new AsyncLocalStorage<Invocation>()
