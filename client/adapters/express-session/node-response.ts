import type { IncomingMessage, ServerResponse } from 'node:http'
import { nodeHttp } from '../../node-http.js'

/** The calls that send something of a response. */
export interface Sending {
  readonly writeHead: ServerResponse['writeHead']
  readonly flushHeaders: ServerResponse['flushHeaders']
  readonly write: ServerResponse['write']
  readonly end: ServerResponse['end']
}

export const HEAD = '_header'
export const FIX_HEAD = '_implicitHeader'
const FLUSH = '_flush'

/**
 * The parts of Node's response that are not in its documentation. Express, compression and express-session use them,
 * too: `_header` is the head of the message as soon as it is fixed, and `_implicitHeader` fixes it. `_flush` sends what
 * waited for an earlier response on the same connection.
 */
export interface NodeResponse extends Omit<ServerResponse, 'finished'> {
  [HEAD]: string | null
  [FIX_HEAD]: () => void
  [FLUSH]: () => void
  finished: boolean
}

/** What Node does, without the middleware that wraps it. */
export const nodesOwn = nodeHttp.OutgoingMessage.prototype as unknown as {
  write(...args: unknown[]): boolean
  end(...args: unknown[]): unknown
  [FLUSH](): void
}

export type Callback = (error?: Error | null) => void
export type Chunk = string | Uint8Array

/** The arguments of `write` and `end`. */
export interface Piece {
  readonly chunk: unknown
  readonly encoding: BufferEncoding | undefined
  readonly callback: Callback | undefined
}

/** Reads the arguments of `write` and `end`, in any of their forms. */
export function pieceOf(args: readonly unknown[]): Piece {
  const [chunk, encoding, callback] = args
  if (typeof chunk === 'function') return { chunk: undefined, encoding: undefined, callback: chunk as Callback }
  if (typeof encoding === 'function') return { chunk, encoding: undefined, callback: encoding as Callback }
  return {
    chunk,
    encoding: typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined,
    callback: typeof callback === 'function' ? (callback as Callback) : undefined,
  }
}

export const isChunk = (chunk: unknown): chunk is Chunk => typeof chunk === 'string' || chunk instanceof Uint8Array

export const bytesOf = ({ chunk, encoding }: Piece): Buffer =>
  typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk as Uint8Array)

/** The arguments of `writeHead`, in any of their forms. */
export function headOf(args: readonly unknown[]): { status: unknown; reason: string | undefined; headers: unknown } {
  const [status, second, third] = args
  if (typeof second === 'string') return { status, reason: second, headers: third }
  return { status, reason: undefined, headers: third ?? second }
}

/** Whether Node accepts this status line. It makes the error where it does not. */
export const isStatusLine = (status: unknown, reason: string | undefined): boolean => {
  const code = Number(status) | 0
  return code >= 100 && code <= 999 && (reason === undefined || /^[\t\x20-\x7e\x80-\xff]*$/.test(reason))
}

/** Whether the message ends with its head, so that nothing after it can be held back. */
export function endsWithHead(method: string | undefined, status: number, contentLength: number | undefined): boolean {
  return method === 'HEAD' || status === 204 || status === 304 || contentLength === 0
}

/** The Content-Length that a response declares. */
export function contentLengthOf(res: { getHeader(name: string): unknown }): number | undefined {
  const header = res.getHeader('content-length')
  const length = header === undefined ? Number.NaN : Number(header)
  return Number.isInteger(length) && length >= 0 ? length : undefined
}

/** Whether something can be sent with it. The request of an upgrade comes with an object that only looks like one. */
export const isResponse = (req: IncomingMessage, res: unknown): res is ServerResponse =>
  res instanceof nodeHttp.OutgoingMessage && !(isUpgrade(req) && res.socket === null)

/** Node's parser says so, where the server listens for upgrades. */
const isUpgrade = (req: IncomingMessage): boolean => (req as { upgrade?: boolean | null }).upgrade === true

/** Until the end is sent Node must treat every other use of the response as one after the end. */
export function seemEnded(res: NodeResponse): void {
  res.finished = true
  Object.defineProperty(res, 'writableFinished', { configurable: true, get: () => false })
  // It sends what waits for an earlier response on this connection, and would end this one, too.
  res[FLUSH] = () => {
    res.finished = false
    nodesOwn[FLUSH].call(res)
    res.finished = true
  }
}

export function seemOpen(res: NodeResponse): void {
  res.finished = false
  Reflect.deleteProperty(res, 'writableFinished')
  Reflect.deleteProperty(res, FLUSH)
}
