import { CONNECTION_REMEMBERED_MS, CONNECTIONS_PER_PROCESS_MAX } from '../protocol/limits.js'
import { RecentMap } from '../protocol/recent-map.js'
import { REMEMBERED_CONNECTIONS_MAX } from './limits.js'
import type { Speaker } from './ports.js'

interface Known {
  readonly sender: Speaker
  readonly untilMs: number
}

/**
 * The process that each connection belongs to, as far as this environment has read it in the table. A connection
 * belongs to one process for ever, but newer connections of that process may displace it. So this remembers, for each
 * process, no more connections than may speak for it, and each connection for a bounded time.
 */
export class KnownConnections {
  private readonly known = new RecentMap<string, Known>(REMEMBERED_CONNECTIONS_MAX)
  /** The connections of each process, in the order in which they were learned. Some may be forgotten already. */
  private readonly connections = new RecentMap<string, readonly string[]>(REMEMBERED_CONNECTIONS_MAX)

  constructor(private readonly nowMs: () => number) {}

  senderOf(connectionId: string): Speaker | undefined {
    const found = this.known.get(connectionId)
    if (found === undefined || found.untilMs > this.nowMs()) return found?.sender
    this.known.delete(connectionId)
    return undefined
  }

  remember(connectionId: string, sender: Speaker): void {
    const others = (this.connections.get(sender.processId) ?? []).filter((other) => other !== connectionId)
    const displaced = others.length >= CONNECTIONS_PER_PROCESS_MAX ? others.shift() : undefined
    if (displaced !== undefined) this.known.delete(displaced)
    this.connections.set(sender.processId, [...others, connectionId])
    this.known.set(connectionId, { sender, untilMs: this.nowMs() + CONNECTION_REMEMBERED_MS })
  }
}
