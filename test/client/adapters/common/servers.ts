import {
  type Client,
  type LockMode,
  type RequestSession,
  RequestSessions,
  type RequestSessionsOptions,
} from '../../../../client/adapters/common/index.js'
import { createHoldfast } from '../../../../client/index.js'
import type { HoldfastOptions } from '../../../../client/options/client-options.js'
import { createMemoryStack } from '../../../../local/index.js'

export const ID = 'an id'
export const DAY_MS = 86_400_000

/** Server processes of one application, over one store whose time is virtual. */
export class Servers {
  readonly stack = createMemoryStack({ clock: 'virtual' })
  /** What the requests of all servers that overstayed are called. */
  readonly overstayed: string[] = []
  private readonly open: RequestSession[] = []

  client(options: Partial<HoldfastOptions> = {}): Client {
    const { config } = this.stack
    return createHoldfast<object>({ namespace: 'shop', config, ...options })
  }

  server(options: Partial<RequestSessionsOptions> = {}): RequestSessions {
    return new RequestSessions({
      holdfast: options.holdfast ?? this.client(),
      timeoutMs: 10_000,
      maxHoldMs: 25_000,
      waitingMax: 50,
      values: 'json',
      onOverstay: (label) => this.overstayed.push(label),
      ...options,
    })
  }

  request(server: RequestSessions, lock: LockMode = 'write', signal = new AbortController().signal): RequestSession {
    const request = server.request({ lock, signal })
    this.open.push(request)
    return request
  }

  /** A request that has loaded the session. */
  async loaded(server: RequestSessions, lock: LockMode = 'write', id = ID): Promise<RequestSession> {
    const request = this.request(server, lock)
    await request.load(id)
    return request
  }

  /** What a request loads. */
  async valuesOf<V extends object>(request: RequestSession): Promise<V & Record<string, unknown>> {
    const loaded = await request.load(ID)
    if (loaded === undefined) throw new Error('no such session')
    return loaded.values as V & Record<string, unknown>
  }

  /** A whole request that gives the session these values. */
  async write(server: RequestSessions, values: object, { id = ID, ttlMs }: { id?: string; ttlMs?: number } = {}) {
    const request = this.request(server)
    await request.load(id)
    await request.save(id, { ...values }, ttlMs)
    await request.end()
  }

  /** A whole request that makes a session. */
  async make(server: RequestSessions, values: object, { id = ID, ttlMs }: { id?: string; ttlMs?: number } = {}) {
    const request = this.request(server)
    await request.save(id, { ...values }, ttlMs)
    await request.end()
  }

  /** The values as another process sees them committed. */
  async committed(id = ID): Promise<object | undefined> {
    const seen = await this.client().peek(id)
    return seen && { ...seen.state }
  }

  /** How many requests to DynamoDB and pushes the work costs. */
  async costOf(work: () => Promise<unknown>): Promise<string[]> {
    const before = this.stack.requests.snapshot()
    await work()
    return this.stack.requests
      .since(before)
      .flatMap(({ caller, operation, count }) => Array.from({ length: count }, () => `${caller} ${operation}`))
  }

  async stop(): Promise<void> {
    await Promise.all(this.open.map((request) => request.end()))
    await this.stack.stop()
  }
}
