import { PROCESS_CLOSE_MS } from '../limits.js'
import { type Message, Peer } from './peer.js'

/**
 * Lets this process do what its parent orders, until that is done with it, or is gone: then it closes. Signals are for
 * the parent: Ctrl-C, and the end of the terminal, reach all its processes.
 */
export function obey(answer: (order: unknown) => unknown, close: () => Promise<void>): Peer {
  const peer = new Peer((message) => {
    // Without a callback, a parent that ends just now would be an uncaught error. That it is gone is told below.
    if (process.connected) process.send?.(message, undefined, {}, () => {})
  }, answer)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), PROCESS_CLOSE_MS).unref()
    void close().finally(() => process.exit())
  })
  process.on('message', (message: Message) => peer.received(message))
  return peer
}
