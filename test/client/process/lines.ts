import type { SocketEvents, Transport } from '../../../client/ports.js'
import type { StoreMessage } from '../../../protocol/messages.js'

type Sent = { readonly type: string; readonly gen?: number; readonly n?: number }

/** The far end of one connection, played by the test. */
export class Line {
  readonly sent: Sent[] = []
  isClosed = false
  /** The far end does not say that it is closed: the test does. */
  isSlow = false

  constructor(readonly events: SocketEvents) {}

  say(message: StoreMessage): void {
    this.events.received(JSON.stringify(message))
  }

  /** The gateway itself says this to a message, and not to which. */
  gatewaySays(message: string): void {
    this.events.received(JSON.stringify({ message, connectionId: 'L0SM9cOFvHcCIhw=', requestId: 'm1YV5cOFvHcCIhw=' }))
  }
}

/** Opens connections whose far ends it adds to `lines`. */
export const linesTo = (lines: Line[]): Transport => ({
  open: (events) => {
    const line = new Line(events)
    lines.push(line)
    queueMicrotask(() => events.opened())
    return {
      send: (text) => void line.sent.push(JSON.parse(text)),
      close: () => {
        if (line.isClosed) return
        line.isClosed = true
        if (!line.isSlow) events.closed(undefined)
      },
    }
  },
})
