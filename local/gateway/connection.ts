import type { Duplex } from 'node:stream'
import type { RawData, WebSocket } from 'ws'
import {
  CLIENT_BUFFER_BYTES_MAX,
  CLOSE_ABNORMAL,
  CLOSE_GOING_AWAY,
  CLOSE_NO_STATUS,
  CLOSE_TOO_BIG,
  CLOSE_UNSUPPORTED_DATA,
  FRAME_BYTES_MAX,
} from './aws-limits.js'
import { FrameMeter } from './frame-meter.js'
import type { EventSource } from './lambda-events.js'

export interface ConnectionEvents {
  received(connection: Connection, text: string): void
  /** The connection has ended. Either side may have ended it. Called once. */
  ended(connection: Connection, code: number, reason: string): void
}

export interface ConnectionLimits {
  readonly idleTimeoutMs: number
  readonly lifetimeMs: number
}

/** One open WebSocket connection, and its limits. */
export class Connection {
  lastActiveAtMs = Date.now()
  private isEnded = false
  private readonly idle: NodeJS.Timeout
  private readonly lifetime: NodeJS.Timeout

  constructor(
    readonly source: EventSource,
    private readonly socket: WebSocket,
    private readonly events: ConnectionEvents,
    limits: ConnectionLimits,
  ) {
    const goAway = () => this.close(CLOSE_GOING_AWAY, 'Going away')
    this.idle = setTimeout(goAway, limits.idleTimeoutMs).unref()
    this.lifetime = setTimeout(goAway, limits.lifetimeMs).unref()
    socket.on('message', (data, isBinary) => this.message(data, isBinary))
    // A message is over the limit, or the bytes are no WebSocket frames. The library reports it here before it closes.
    socket.on('error', (error) => this.end(isTooLarge(error) ? CLOSE_TOO_BIG : CLOSE_ABNORMAL, error.message))
    socket.on('close', (code, reason) => this.end(code, code === CLOSE_NO_STATUS ? NO_STATUS : reason.toString()))
  }

  get id(): string {
    return this.source.connectionId
  }

  /** Watches the raw stream for frames that are too large. Call it before the library reads from the stream. */
  static meter(stream: Duplex, onTooLarge: () => void): void {
    const meter = new FrameMeter(FRAME_BYTES_MAX, onTooLarge)
    stream.on('data', (chunk: Buffer) => meter.push(chunk))
  }

  /** `full` where the client reads too slowly to take more. */
  send(text: string): 'sent' | 'full' | 'gone' {
    if (this.isEnded) return 'gone'
    if (this.socket.bufferedAmount > CLIENT_BUFFER_BYTES_MAX) return 'full'
    this.wasActive()
    const bytes = Buffer.from(text)
    for (let at = 0; at === 0 || at < bytes.length; at += FRAME_BYTES_MAX) {
      const fin = at + FRAME_BYTES_MAX >= bytes.length
      this.socket.send(bytes.subarray(at, at + FRAME_BYTES_MAX), { binary: false, fin })
    }
    return 'sent'
  }

  /** Ends the connection with a close frame. */
  close(code: number, reason: string): void {
    if (this.isEnded) return
    this.socket.close(code, reason)
    this.end(code, reason)
  }

  /** Ends the connection without a close frame, like a broken network. */
  drop(): void {
    this.end(CLOSE_ABNORMAL, '')
    this.socket.terminate()
  }

  private message(data: RawData, isBinary: boolean): void {
    if (this.isEnded) return
    if (isBinary) return this.close(CLOSE_UNSUPPORTED_DATA, 'Binary frames are not supported')
    this.wasActive()
    // The library gives one buffer, unless told otherwise.
    this.events.received(this, (data as Buffer).toString())
  }

  private wasActive(): void {
    this.lastActiveAtMs = Date.now()
    this.idle.refresh()
  }

  private end(code: number, reason: string): void {
    if (this.isEnded) return
    this.isEnded = true
    clearTimeout(this.idle)
    clearTimeout(this.lifetime)
    this.events.ended(this, code, reason)
  }
}

const NO_STATUS = 'Client-side close frame status not set'

const isTooLarge = (error: Error): boolean =>
  (error as { readonly code?: unknown }).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
