import type { ServerResponse } from 'node:http'
import { nodeHttp } from '../../node-http.js'
import { BodyTail } from './body-tail.js'
import {
  type Callback,
  contentLengthOf,
  endsWithHead,
  FIX_HEAD,
  HEAD,
  headOf,
  isChunk,
  isStatusLine,
  type NodeResponse,
  nodesOwn,
  type Piece,
  pieceOf,
  type Sending,
  seemEnded,
  seemOpen,
} from './node-response.js'
import { HeadersBefore } from './response-headers.js'

/** Why a response is held: it has ended, or it is a stream that is about to begin. */
export type HeldFor = 'end' | 'stream'

/** What happens around a response. */
export interface ResponseSteps {
  /** Its head is about to be fixed: adds the cookie. These are the arguments of `writeHead`. */
  head(status: number, reason: string | undefined, headers: unknown): { readonly status: number }
  /** Saves the session. Nothing of what is held is sent before it resolves. */
  commit(heldFor: HeldFor): Promise<void>
  /** The end of a stream, whose session was released at its head. */
  commitRest(): Promise<void>
  /** Nothing of the response was sent, or else its connection is cut. */
  failed(error: unknown): void
}

/** A head that is fixed, and not sent yet. */
interface Head {
  readonly status: number
  readonly reason: string
  /** `end` has fixed it, which then knows the length of the body. */
  readonly isFromEnd: boolean
}

/** Stands for a head that is fixed: Node then refuses other headers, and says that they are sent. */
const HELD_HEAD = 'held'

/**
 * Holds a response back until its session is saved. To the application it is as any response of Node.
 * - `open`: nothing is sent yet.
 * - `flowing`: its head is sent, and the body goes out; the end does not.
 * - `held`: what is written now waits for the session.
 * - `streaming`: an event stream. Its session was released at the head; only the end is held.
 * - `free`: everything goes straight through.
 * - `dropped`: another response is sent in its place.
 */
type Phase = 'open' | 'flowing' | 'held' | 'streaming' | 'free' | 'dropped'

export class HeldResponse {
  private phase: Phase = 'open'
  private head: Head | undefined
  /** What is held, in order. */
  private held: (() => void)[] = []
  private tail: BodyTail | undefined
  private isEnding = false
  private owesDrain = false
  private readonly before: HeadersBefore
  private readonly inner: Sending
  private readonly node: NodeResponse

  constructor(
    private readonly res: ServerResponse,
    private readonly steps: ResponseSteps,
  ) {
    this.node = res as unknown as NodeResponse
    this.before = new HeadersBefore(res)
    // oxlint-disable-next-line typescript/unbound-method -- each is called with the response as its receiver
    this.inner = { writeHead: res.writeHead, flushHeaders: res.flushHeaders, write: res.write, end: res.end }
    const ours = {
      writeHead: (...args: unknown[]) => this.writeHead(args),
      flushHeaders: () => this.flushHeaders(),
      write: (...args: unknown[]) => this.write(args),
      end: (...args: unknown[]) => this.end(args),
    }
    Object.assign(res, ours)
  }

  private writeHead(args: unknown[]): ServerResponse {
    const { res, node } = this
    if (this.phase === 'free' || this.phase === 'dropped') return this.call('writeHead', args)
    const { status, reason, headers } = headOf(args)
    // Node makes the error.
    if (node[HEAD] !== null) return nodeHttp.ServerResponse.prototype.writeHead.call(res, status as number)
    if (!isStatusLine(status, reason ?? res.statusMessage)) return this.call('writeHead', args)
    const head = this.steps.head(Number(status) | 0, reason, headers)
    res.statusCode = head.status
    res.statusMessage = reason ?? (res.statusMessage || nodeHttp.STATUS_CODES[head.status] || 'unknown')
    this.head = { status: head.status, reason: res.statusMessage, isFromEnd: this.isEnding }
    node[HEAD] = HELD_HEAD
    if (isEventStream(res) && !this.endsWithHead()) this.hold('stream')
    return res
  }

  private flushHeaders(): void {
    this.fixHead()
    if (this.phase === 'held') {
      if (!this.isEnding) this.held.push(() => this.call('flushHeaders', []))
      return
    }
    // The client would take the head for the whole response.
    if (this.phase === 'open' && this.endsWithHead()) return
    this.sendHead()
    this.call('flushHeaders', [])
  }

  private write(args: unknown[]): boolean {
    const { res } = this
    if (this.phase === 'free') return this.call('write', args)
    if (this.phase === 'dropped') return this.writeDropped(args)
    const piece = pieceOf(args)
    // Node makes the error.
    if (!isChunk(piece.chunk) || this.isEnding) {
      return nodesOwn.write.apply(res, args)
    }
    this.fixHead()
    if (this.phase === 'held') {
      this.held.push(() => this.call('write', args))
      this.owesDrain = true
      return false
    }
    if (this.phase === 'open' && this.endsWithHead()) return accepted(piece.callback)
    this.sendHead()
    return this.tail === undefined ? this.call('write', args) : this.writeButLast(this.tail, piece)
  }

  /** A body that is complete before `end` would be a success to the client. */
  private writeButLast(tail: BodyTail, piece: Piece): boolean {
    const { now, later } = tail.split(piece)
    if (later !== undefined) this.held.push(() => this.call('write', [later]))
    if (now === undefined) return accepted(piece.callback)
    return this.call('write', [now.chunk, now.encoding, now.callback])
  }

  private end(args: unknown[]): ServerResponse {
    const { res } = this
    if (this.phase === 'free') return this.call('end', args)
    if (this.phase === 'dropped') return this.endDropped(args)
    const piece = pieceOf(args)
    // Node makes the error.
    if (this.isEnding || (piece.chunk && !isChunk(piece.chunk))) {
      nodesOwn.end.apply(res, args)
      return res
    }
    this.fixHeadFromEnd()
    this.held.push(() => this.sendEnd(piece))
    seemEnded(this.node)
    if (this.phase !== 'held') this.hold('end')
    return res
  }

  /** As Node does at the first use of a body. A wrapper of `writeHead` is told. */
  private fixHead(): void {
    if (this.node[HEAD] === null) this.node[FIX_HEAD]()
  }

  private fixHeadFromEnd(): void {
    this.isEnding = true
    try {
      this.fixHead()
    } catch (error) {
      this.isEnding = false
      throw error
    }
  }

  private sendHead(): void {
    const { head, node, res } = this
    if (head === undefined) return
    this.head = undefined
    node[HEAD] = null
    const length = contentLengthOf(res)
    this.tail = length === undefined ? undefined : new BodyTail(length)
    if (this.phase === 'open') this.phase = 'flowing'
    this.call('writeHead', [head.status, head.reason])
  }

  private sendEnd({ chunk, encoding, callback }: Piece): void {
    const { head, node } = this
    if (head?.isFromEnd) {
      // Node adds the length of a body that is sent in one piece.
      this.head = undefined
      node[HEAD] = null
      node[FIX_HEAD] = () => void this.call('writeHead', [head.status, head.reason])
    }
    try {
      this.sendHead()
      this.call('end', [chunk, encoding, callback])
    } finally {
      Reflect.deleteProperty(node, FIX_HEAD)
    }
  }

  private hold(heldFor: HeldFor): void {
    const isReleased = this.phase === 'streaming'
    this.phase = 'held'
    const committed = isReleased ? this.steps.commitRest() : this.steps.commit(heldFor)
    committed
      .then(() => (heldFor === 'stream' ? this.beginStream() : this.letGo('free')))
      .catch((error: unknown) => this.fail(error))
  }

  private async beginStream(): Promise<void> {
    if (!this.isEnding) return this.letGo('streaming')
    // It has ended meanwhile: nothing of it is sent yet.
    await this.steps.commitRest()
    this.letGo('free')
  }

  private letGo(phase: 'free' | 'streaming'): void {
    seemOpen(this.node)
    this.phase = phase
    const { held } = this
    this.held = []
    if (this.head?.isFromEnd === false) this.sendHead()
    for (const send of held) send()
    if (this.owesDrain && phase === 'streaming' && !this.res.writableNeedDrain) this.res.emit('drain')
    this.owesDrain = false
  }

  private fail(error: unknown): void {
    seemOpen(this.node)
    this.held = []
    if (this.node[HEAD] !== null && this.node[HEAD] !== HELD_HEAD) {
      this.phase = 'free'
      cut(this.res)
    } else {
      this.phase = 'dropped'
      this.head = undefined
      this.node[HEAD] = null
      this.before.restore()
    }
    this.steps.failed(error)
  }

  /** What the dropped response still writes when the other one has ended goes nowhere. */
  private writeDropped(args: unknown[]): boolean {
    return this.node.finished ? false : this.call('write', args)
  }

  private endDropped(args: unknown[]): ServerResponse {
    return this.node.finished ? this.res : this.call('end', args)
  }

  private endsWithHead(): boolean {
    const { res } = this
    return endsWithHead(res.req.method, this.head?.status ?? res.statusCode, contentLengthOf(res))
  }

  private call<M extends keyof Sending>(method: M, args: unknown[]): ReturnType<Sending[M]> {
    const send = this.inner[method] as unknown as (...args: unknown[]) => ReturnType<Sending[M]>
    return send.apply(this.res, args)
  }
}

function accepted(callback: Callback | undefined): true {
  if (callback !== undefined) process.nextTick(callback)
  return true
}

const isEventStream = (res: ServerResponse): boolean =>
  /^\s*text\/event-stream\s*(;|$)/i.test(String(res.getHeader('content-type')))

/** The end of the connection must not be taken for the end of the body. */
function cut(res: ServerResponse): void {
  const { socket } = res
  try {
    if (socket !== null && !socket.destroyed) socket.resetAndDestroy()
  } catch {
    // Only TCP has resets. The end of TLS is told from the end of its connection.
  }
  res.destroy()
}
