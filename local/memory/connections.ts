import { randomBytes } from 'node:crypto'
import type { Socket, SocketEvents, Transport } from '../../client/ports.js'

/** What a test may do to the connections of one client. While it is cut, nothing passes and nobody is told. */
export interface Wire {
  isCut: boolean
}

/** Both ends of one connection. */
export interface Line {
  readonly connectionId: string
  readonly openedAtMs: number
  readonly events: SocketEvents
  wire: Wire
  isOpen: boolean
}

export interface ConnectionsOptions {
  readonly nowMs: () => number
  /** Runs what comes over a connection, not at once: later, and in the order of the calls. */
  readonly later: (run: () => void) => void
  /** A client sends this. */
  readonly received: (line: Line, text: string) => void
  /** A connection has ended, from whichever side. */
  readonly ended: (line: Line) => void
}

/** The connections between clients and the store, all within this process. */
export class Connections {
  private readonly lines = new Map<string, Line>()
  /** Why no connection can be opened now, if none can. */
  private refusal: { readonly message: string; readonly permanent: boolean } | undefined

  constructor(private readonly options: ConnectionsOptions) {}

  all(): Line[] {
    return [...this.lines.values()]
  }

  transport(wire: Wire = { isCut: false }): Transport {
    return { open: (events) => this.open(events, wire) }
  }

  /** Brings a text to the client at the other end. It is lost where the connection has ended or is cut by then. */
  deliver(connectionId: string, text: string): void {
    const line = this.lines.get(connectionId)
    if (line?.isOpen && !line.wire.isCut) line.events.received(text)
  }

  has(connectionId: string): boolean {
    return this.lines.has(connectionId)
  }

  /** Cuts a connection. False where there is none of this id. */
  drop(connectionId: string): boolean {
    const line = this.lines.get(connectionId)
    if (line === undefined) return false
    this.end(line)
    line.events.closed(undefined)
    return true
  }

  dropAll(): void {
    for (const { connectionId } of this.all()) this.drop(connectionId)
  }

  /** Cuts every connection and opens no other. */
  refuse(message: string, permanent: boolean): void {
    this.refusal = { message, permanent }
    this.dropAll()
  }

  accept(): void {
    this.refusal = undefined
  }

  private open(events: SocketEvents, wire: Wire): Socket {
    const { later, nowMs, received } = this.options
    const connectionId = randomBytes(9).toString('base64url')
    const line: Line = { connectionId, openedAtMs: nowMs(), events, wire, isOpen: true }
    const { refusal } = this
    if (refusal === undefined) {
      this.lines.set(connectionId, line)
      later(() => line.isOpen && !line.wire.isCut && events.opened())
    } else {
      line.isOpen = false
      later(() => events.closed(refusal))
    }
    return {
      send: (text) => {
        if (line.isOpen && !line.wire.isCut) received(line, text)
      },
      close: () => {
        if (!line.isOpen) return
        this.end(line)
        later(() => events.closed(undefined))
      },
    }
  }

  private end(line: Line): void {
    line.isOpen = false
    this.lines.delete(line.connectionId)
    this.options.ended(line)
  }
}
