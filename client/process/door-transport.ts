import type { ClientMessage } from '../../protocol/messages.js'
import type { ConnectFailure, Door, Randomness, Socket, SocketEvents, Speaker, Transport } from '../ports.js'

/** As long as the store's pattern wants it. */
const NAME_BYTES = 9

/**
 * Connections over HTTPS: none of them is more than a name. Each message is a request, and what its response says is
 * received. A message that gets no answer ends the connection, so that the next one shows why.
 */
export class DoorTransport implements Transport {
  constructor(
    private readonly https: Door,
    private readonly randomness: Randomness,
  ) {}

  open(events: SocketEvents): Socket {
    const connectionId = this.randomness.token(NAME_BYTES)
    let speaker: Speaker | undefined
    let state: 'open' | 'closing' | 'closed' = 'open'
    const closed = (failure?: ConnectFailure) => {
      if (state !== 'closed') events.closed(failure)
      state = 'closed'
    }
    queueMicrotask(() => {
      if (state === 'open') events.opened()
    })
    return {
      send: (text) => {
        if (state !== 'open') return
        speaker ??= { ...proofIn(text), connectionId }
        void this.https.post(speaker, text).then((reply) => {
          if (state !== 'open') return
          if ('failure' in reply) closed(reply.failure)
          else events.received(reply.text)
        })
      },
      close: () => {
        if (state !== 'open') return
        state = 'closing'
        queueMicrotask(() => closed())
      },
    }
  }
}

/** The first message on a connection is its `hello`, which says what all requests have to say. */
function proofIn(hello: string): Speaker {
  const { processId, secret } = JSON.parse(hello) as Extract<ClientMessage, { type: 'hello' }>
  return { processId, secret }
}
