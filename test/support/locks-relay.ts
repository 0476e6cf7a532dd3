import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'

/** Stands between applications and the inspector, and keeps what they tell of their locks, headers included. */
export class LocksRelay {
  readonly told: string[] = []

  private constructor(private readonly server: Server) {}

  /** `to`: the address that the stack gives to its applications. */
  static async start(to: string): Promise<LocksRelay> {
    const server = createServer((request, response) => {
      void (async () => {
        const body = await text(request)
        relay.told.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body}`)
        const { status } = await fetch(to, { method: 'POST', body })
        response.writeHead(status).end()
      })().catch(() => response.destroy())
    })
    const relay = new LocksRelay(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return relay
  }

  get address(): string {
    const { port } = this.server.address() as { readonly port: number }
    return `http://127.0.0.1:${port}/relay`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }
}
