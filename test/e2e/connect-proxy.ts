import { once } from 'node:events'
import { Agent, type ClientRequestArgs, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** A proxy that connects its clients to the hosts that they name, by CONNECT, as HTTPS_PROXY names one. */
export class ConnectProxy {
  /** The `host:port` of each connection that was made, in order. */
  readonly targets: string[] = []
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  private constructor() {
    this.server = createServer((_, response) => response.writeHead(405).end())
    this.server.on('connection', (socket) => this.keep(socket))
    this.server.on('connect', ({ url = '' }, socket) => {
      this.targets.push(url)
      const [host = '', port = ''] = url.split(':')
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      this.keep(upstream)
      upstream.on('close', () => socket.destroy())
      socket.on('close', () => upstream.destroy())
    })
  }

  static async start(): Promise<ConnectProxy> {
    const proxy = new ConnectProxy()
    proxy.server.listen(0, '127.0.0.1')
    await once(proxy.server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    const closed = once(this.server, 'close')
    this.server.close()
    await closed
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {}).on('close', () => this.sockets.delete(socket))
  }
}

/** An agent that reaches every host through the proxy on this port. */
export class TunnelAgent extends Agent {
  constructor(private readonly proxyPort: number) {
    super({ keepAlive: true })
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    done?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const path = `${host}:${port}`
    request({ port: this.proxyPort, host: '127.0.0.1', method: 'CONNECT', path, agent: false })
      .on('connect', (_, socket) => done?.(null, socket))
      .on('error', (error) => done?.(error, undefined as never))
      .end()
    // The socket comes later: Node.js looks at what is returned only where there is something.
    return undefined as never
  }
}
