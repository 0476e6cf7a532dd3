import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform, type TransformCallback } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'

export type Way = 'toServer' | 'toClient'
const WAYS: readonly Way[] = ['toServer', 'toClient']

/** An HTTP message on its way. `operation` is that of DynamoDB, as in `GetItem`: of an answer, its request's. */
export interface HttpMessage {
  readonly way: Way
  readonly operation: string
}

/** A fault that lasts for a while. */
export interface Trouble {
  /** Data arrive this much later, even when their sender has given up and the trouble is over. */
  readonly delayMs?: number
  /** @default - both ways */
  readonly delays?: readonly Way[]
  /** Data sent this way never arrive, and neither does the end of the connection; nobody is told. */
  readonly swallows?: readonly Way[]
  /** Of HTTP messages that it returns true for, half the body arrives. The rest never does; nobody is told. */
  readonly stalls?: (message: HttpMessage) => boolean
  /** New connections are cut at once. */
  readonly refuses?: boolean
}

/** One TCP connection through a proxy. */
interface Passage {
  readonly client: Socket
  readonly server: Socket
  /** The ways that have swallowed something: a stream with a hole in it must never go on. */
  readonly deaf: Set<Way>
  /** Of the latest request. */
  operation: string
}

/** A TCP proxy on a port of this machine, as the network between two parties: it delays, cuts and swallows. */
export class TcpProxy {
  /** The port to which connections lead. Connections that come before it is set are cut. */
  target: number | undefined
  private readonly server: Server
  private readonly passages = new Set<Passage>()
  private readonly troubles = new Set<Trouble>()

  constructor() {
    this.server = createServer((client) => this.accept(client))
  }

  get port(): number {
    const address = this.server.address()
    if (typeof address !== 'object' || address === null) throw new Error('this proxy does not listen')
    return address.port
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
  }

  async stop(): Promise<void> {
    this.cut()
    if (!this.server.listening) return
    this.server.close()
    await once(this.server, 'close')
  }

  /**
   * From now on there is this trouble, too, until the result is called. A connection that has lost something by then
   * stays deaf until it is cut: as after a partition that made a router forget it.
   */
  trouble(trouble: Trouble): () => void {
    this.troubles.add(trouble)
    return () => this.troubles.delete(trouble)
  }

  /** Cuts the connections that have swallowed something. */
  cutDeaf(): void {
    for (const passage of this.passages) if (passage.deaf.size > 0) end(passage)
  }

  /** Cuts every connection. Returns how many there were. */
  cut(): number {
    const { size } = this.passages
    for (const passage of this.passages) end(passage)
    return size
  }

  private accept(client: Socket): void {
    client.on('error', () => {})
    const isRefused = [...this.troubles].some(({ refuses }) => refuses === true)
    if (isRefused || this.target === undefined) return void client.resetAndDestroy()
    const server = connect(this.target, '127.0.0.1')
    server.on('error', () => {})
    client.setNoDelay(true)
    server.setNoDelay(true)
    const passage: Passage = { client, server, deaf: new Set(), operation: '' }
    this.passages.add(passage)
    for (const way of WAYS) this.lead(passage, way)
  }

  private lead(passage: Passage, way: Way): void {
    const [from, to] = way === 'toServer' ? [passage.client, passage.server] : [passage.server, passage.client]
    const pass = async (chunk: Buffer, done: TransformCallback) => done(null, await this.pass(passage, way, chunk))
    const route = new Transform({ transform: (chunk, _, done) => void pass(chunk, done) })
    from.pipe(route).pipe(to, { end: false })
    // An end is told like anything else that is sent: late, or not at all.
    route.on('end', () => {
      if (!this.swallows(passage, way)) to.end()
    })
    from.on('close', () => {
      if (to.destroyed) this.passages.delete(passage)
      else if (!from.readableEnded && !this.swallows(passage, way)) to.destroy()
    })
  }

  /** The part of a chunk that arrives. */
  private async pass(passage: Passage, way: Way, chunk: Buffer): Promise<Buffer | undefined> {
    const delayMs = Math.max(
      0,
      ...[...this.troubles].map(({ delayMs: ms = 0, delays = WAYS }) => (delays.includes(way) ? ms : 0)),
    )
    if (delayMs > 0) await pause(delayMs, undefined, { ref: false })
    if (this.swallows(passage, way)) return undefined
    if (way === 'toServer') passage.operation = operationOf(chunk) ?? passage.operation
    return this.stall(passage, way, chunk)
  }

  /** Ends the message in the middle of its body where a trouble says so. The connection is deaf from there on. */
  private stall({ deaf, operation }: Passage, way: Way, chunk: Buffer): Buffer {
    const bodyAt = bodyStart(chunk)
    if (bodyAt === chunk.length) return chunk
    if (![...this.troubles].some(({ stalls }) => stalls?.({ way, operation }) === true)) return chunk
    deaf.add(way)
    return chunk.subarray(0, bodyAt + ((chunk.length - bodyAt) >> 1))
  }

  /** Whether data sent this way now are swallowed. If so, the connection is deaf from here on. */
  private swallows({ deaf }: Passage, way: Way): boolean {
    const isSwallowed = deaf.has(way) || [...this.troubles].some(({ swallows }) => swallows?.includes(way) === true)
    if (isSwallowed) deaf.add(way)
    return isSwallowed
  }
}

const HEAD = /^(?:POST |HTTP\/1\.)/
const HEAD_END = '\r\n\r\n'

const isHead = (chunk: Buffer): boolean => HEAD.test(chunk.toString('latin1', 0, 8))

/** Where the part of a body begins in a chunk, which may begin with the head of its message. */
function bodyStart(chunk: Buffer): number {
  if (!isHead(chunk)) return 0
  const headEnd = chunk.indexOf(HEAD_END)
  return headEnd < 0 ? chunk.length : headEnd + HEAD_END.length
}

/** The operation of the request that begins with this chunk. */
function operationOf(chunk: Buffer): string | undefined {
  if (!isHead(chunk)) return undefined
  const [, operation] = /^x-amz-target: *\w+\.(\w+)\r$/im.exec(chunk.toString('latin1', 0, bodyStart(chunk))) ?? []
  return operation
}

function end({ client, server }: Passage): void {
  client.destroy()
  server.destroy()
}
