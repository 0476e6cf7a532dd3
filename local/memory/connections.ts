import { randomBytes } from 'node:crypto'
import type { ConnectFailure, Socket, SocketEvents, Transport } from '../../client/ports.js'

/** Lets a test cut the connections of one client. While `isCut` is set, no message passes, and neither side notices. */
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
  /** Runs a function that delivers a message or an event: later, never at once, and in the order of the calls. */
  readonly later: (run: () => void) => void
  /** A connection is being opened. Its client is told of it after this, unless it resolves to false or rejects. */
  readonly opening: (line: Line) => Promise<boolean>
  /** Why one more connection cannot be opened now. */
  readonly refusal?: () => ConnectFailure | undefined
  /** A client has sent this text. */
  readonly received: (line: Line, text: string) => void
  /** A connection has ended. Either side may have ended it. */
  readonly ended: (line: Line) => void
}

/** The connections between clients and the store, all within this process. */
export class Connections {
  private readonly lines = new Map<string, Line>()
  /** The reason why no connection can be opened now; undefined where connections can be opened. */
  private refusal: ConnectFailure | undefined

  constructor(private readonly options: ConnectionsOptions) {}

  all(): Line[] {
    return [...this.lines.values()]
  }

  transport(wire: Wire = { isCut: false }): Transport {
    return { open: (events) => this.open(events, wire) }
  }

  /** Delivers a text to the client of a connection. The text is lost where the connection has ended or is cut. */
  deliver(connectionId: string, text: string): void {
    const line = this.lines.get(connectionId)
    if (line?.isOpen && !line.wire.isCut) line.events.received(text)
  }

  has(connectionId: string): boolean {
    return this.lines.has(connectionId)
  }

  /** Ends a connection. Returns false where there is none with this id. */
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

  /** Ends every connection, and refuses new ones. */
  refuse(message: string, kind: ConnectFailure['kind']): void {
    this.refusal = { message, kind }
    this.dropAll()
  }

  accept(): void {
    this.refusal = undefined
  }

  private open(events: SocketEvents, wire: Wire): Socket {
    const { later, nowMs, received } = this.options
    const connectionId = randomBytes(9).toString('base64url')
    const line: Line = { connectionId, openedAtMs: nowMs(), events, wire, isOpen: true }
    const refusal = this.refusal ?? this.options.refusal?.()
    if (refusal === undefined) {
      this.lines.set(connectionId, line)
      void this.admit(line)
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

  private async admit(line: Line): Promise<void> {
    const isIn = await this.options.opening(line).catch(() => false)
    this.options.later(() => {
      if (!line.isOpen || line.wire.isCut) return
      if (isIn) return line.events.opened()
      this.end(line)
      line.events.closed({ message: 'the store could not open the connection', kind: 'passing' })
    })
  }

  private end(line: Line): void {
    line.isOpen = false
    this.lines.delete(line.connectionId)
    this.options.ended(line)
  }
}
