import { CONNECTION_REMEMBERED_MS, CONNECTIONS_PER_PROCESS_MAX } from '../protocol/limits.js'
import type { Sender } from './ports.js'

/** Connections that one environment of a function remembers. */
const REMEMBERED_CONNECTIONS_MAX = 10_000

interface Known {
  readonly sender: Sender
  readonly untilMs: number
}

/**
 * Whose connections these are, as far as this environment has read it in the table. A connection never goes over to
 * another process, but it may have to make room for newer ones of its own: so at most as many are remembered for a
 * process as may speak for it, and each for a bounded time.
 */
export class Senders {
  private readonly known = new Map<string, Known>()
  /** The remembered connections of each process, those that were learned first in front. */
  private readonly connections = new Map<string, string[]>()

  constructor(private readonly nowMs: () => number) {}

  get(connectionId: string): Sender | undefined {
    const found = this.known.get(connectionId)
    if (found === undefined) return undefined
    if (found.untilMs > this.nowMs()) return found.sender
    this.forget(connectionId, found.sender.processId)
    return undefined
  }

  remember(connectionId: string, processId: string): Sender {
    this.forget(connectionId, processId)
    const own = this.connections.get(processId) ?? []
    const first = own.length >= CONNECTIONS_PER_PROCESS_MAX ? own[0] : undefined
    if (first !== undefined) this.forget(first, processId)
    if (this.known.size >= REMEMBERED_CONNECTIONS_MAX) this.clear()
    this.connections.set(processId, [...(this.connections.get(processId) ?? []), connectionId])
    const sender = { processId }
    this.known.set(connectionId, { sender, untilMs: this.nowMs() + CONNECTION_REMEMBERED_MS })
    return sender
  }

  private forget(connectionId: string, processId: string): void {
    this.known.delete(connectionId)
    const rest = (this.connections.get(processId) ?? []).filter((other) => other !== connectionId)
    if (rest.length === 0) this.connections.delete(processId)
    else this.connections.set(processId, rest)
  }

  private clear(): void {
    this.known.clear()
    this.connections.clear()
  }
}
