import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Stands in front of a server on this machine, and counts the HTTP requests that come to it, upgrades among them. */
export class CountingProxy {
  requests = 0
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  private constructor(private readonly upstream: URL) {
    this.server = createServer((client) => this.accept(client))
  }

  static async start(upstream: string): Promise<CountingProxy> {
    const proxy = new CountingProxy(new URL(upstream))
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    return proxy
  }

  /** The address of the server behind it, as it is through this proxy. */
  get address(): string {
    const { protocol, pathname } = this.upstream
    const { port } = this.server.address() as AddressInfo
    return `${protocol}//127.0.0.1:${port}${pathname === '/' ? '' : pathname}`
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close')
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await closed
  }

  private accept(client: Socket): void {
    const server = connect(Number(this.upstream.port), this.upstream.hostname)
    client.on('data', (chunk) => {
      // A request begins with its own chunk. What a WebSocket sends is masked.
      if (/^(?:GET|POST) \S+ HTTP/.test(chunk.toString('latin1'))) this.requests += 1
    })
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(from)
      from
        .on('error', () => {})
        .on('close', () => {
          this.sockets.delete(from)
          to.destroy()
        })
      from.pipe(to)
    }
  }
}
