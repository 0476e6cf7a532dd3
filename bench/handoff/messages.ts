import WebSocket from 'ws'

/** Counts the messages that this process sends over its WebSockets from now on. Each calls a function. */
export function countMessages(): () => number {
  let count = 0
  const { send } = WebSocket.prototype as { readonly send: (...args: unknown[]) => void }
  WebSocket.prototype.send = function counted(this: WebSocket, ...args: unknown[]) {
    count += 1
    send.apply(this, args)
  }
  return () => count
}
