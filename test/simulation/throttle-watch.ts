import { HELLO_AGAIN_MS } from '../../client/limits.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { Connection } from './connection.js'
import type { Judge } from './judge.js'
import type { Timeline } from './timeline.js'

/** A frame takes far less to arrive. */
const ON_ITS_WAY_MS = 50

/** Where nothing goes wrong but that the gateway is throttled: a \`hello\` that it turns away is soon said again. */
export function throttleWatch(
  judge: Judge,
  timeline: Timeline,
  isOver: () => boolean,
): (connection: Connection, message: ClientMessage) => void {
  return (connection, message) => {
    if (message.type !== 'hello') return
    const { sent } = connection
    timeline.after(HELLO_AGAIN_MS + ON_ITS_WAY_MS, () => {
      if (connection.sent > sent || connection.isWelcome || isOver()) return
      // A lease that ends meanwhile ends its connections.
      if (message.gen > 1 && !connection.isOpen) return
      judge.violate('21', 'a hello that was turned away is not said again')
    })
  }
}
