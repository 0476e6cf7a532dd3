import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/**
 * How an answer stalls: `landed` in the middle of its body, with the request carried out; `notLanded` the same, and
 * DynamoDB has never seen the request; `silent` before its headers, likewise unseen.
 */
export type Stall = 'landed' | 'notLanded' | 'silent' | undefined

/** Stands in front of a stack's DynamoDB, and lets answers stall on connections that stay open. */
export class StallingProxy {
  /** Chosen for each request as it arrives. */
  stallOf: (operation: string) => Stall = () => undefined
  /** Operations that arrived, in order. */
  readonly arrived: string[] = []
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  private constructor(private readonly upstream: URL) {
    this.server = createServer((incoming, response) => {
      this.handle(incoming, response).catch(() => response.destroy())
    })
    this.server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  static async start(upstream: string): Promise<StallingProxy> {
    const proxy = new StallingProxy(new URL(upstream))
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    return proxy
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** Resolves when no connection is left. */
  async deserted(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => once(socket, 'close')))
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.closeAllConnections()
    this.server.close()
    await closed
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? ''
    this.arrived.push(operation)
    const body = await buffer(incoming)
    const stall = this.stallOf(operation)
    if (stall === 'silent') return
    if (stall === 'notLanded') return void response.writeHead(200, { 'content-length': 100 }).write('{"Attr')
    // The headers go on as they are: they are signed.
    const forwarded = request(this.upstream, { method: 'POST', headers: incoming.headers }).end(body)
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage]
    const whole = await buffer(answer)
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    if (stall === 'landed') response.write(whole.subarray(0, whole.length / 2) || ' ')
    else response.end(whole)
  }
}
