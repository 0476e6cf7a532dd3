import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AWS_LATENCY } from '../../inspector/costs/aws-latency.js'
import { Drawn } from './delays.js'

/** Stands in front of a Redis, and holds each answer back for as long as on AWS. */
export class RedisProxy {
  private readonly delay = new Drawn(AWS_LATENCY.redis)
  private readonly sockets = new Set<Socket>()

  private constructor(
    private readonly folder: string,
    readonly socket: string,
    private readonly server: Server,
  ) {}

  static async start(upstream: string): Promise<RedisProxy> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-redis-proxy-'))
    const socket = join(folder, 'socket')
    const server = createServer((client) => proxy.serve(client, upstream))
    const proxy: RedisProxy = new RedisProxy(folder, socket, server)
    server.listen(socket).unref()
    await once(server, 'listening')
    return proxy
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  private serve(client: Socket, upstream: string): void {
    const redis = connect(upstream)
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.sockets.add(socket)
      socket.unref()
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (command) => redis.write(command))
    const answers: { readonly dueAt: number; readonly answer: Buffer }[] = []
    // Timers count whole milliseconds, too few for Redis: so this looks at the clock in each turn of the event loop.
    const look = () => {
      const now = performance.now()
      while (answers[0] !== undefined && answers[0].dueAt <= now) client.write(answers.shift()?.answer ?? '')
      if (answers.length > 0) setImmediate(look)
    }
    redis.on('data', (answer) => {
      answers.push({ dueAt: performance.now() + this.delay.next(), answer })
      if (answers.length === 1) look()
    })
  }
}
