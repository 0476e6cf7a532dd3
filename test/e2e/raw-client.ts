import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Socket } from '../../client/ports.js'
import { SignedWebSocketTransport } from '../../client/process/websocket.js'
import type { LocalStack } from '../../local/index.js'
import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import type { StoreMessage } from '../../protocol/messages.js'

type Answer = StoreMessage & { readonly [field: string]: unknown }

/** A properly signed connection that says whatever it is told to: the store must cope with all of it. */
export class RawClient {
  readonly processId = randomBytes(12).toString('base64url')
  readonly secret = randomBytes(32).toString('base64url')
  readonly received: Answer[] = []
  private readonly waiting = new Set<() => void>()

  private constructor(
    private readonly socket: Socket,
    private readonly aws: DynamoDBClient,
  ) {}

  static async connect(stack: LocalStack): Promise<RawClient> {
    const { url, region } = stack.config
    const aws = new DynamoDBClient({ region, credentials: stack.credentials })
    let client: RawClient | undefined
    await new Promise<void>((resolve, reject) => {
      const socket = new SignedWebSocketTransport(url, region, aws).open({
        opened: resolve,
        received: (text) => client?.take(JSON.parse(text)),
        closed: (failure) => reject(new Error(failure?.message ?? 'closed')),
      })
      client = new RawClient(socket, aws)
    })
    return client as unknown as RawClient
  }

  /** Connects and introduces itself under its own process id. */
  static async join(stack: LocalStack): Promise<RawClient> {
    const client = await RawClient.connect(stack)
    const { processId, secret } = client
    client.send({ type: 'hello', v: PROTOCOL_VERSION, processId, secret, label: 'raw', gen: 1 })
    await client.next('welcome')
    return client
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }

  /** The next message of this type that was not taken before. */
  async next<T extends StoreMessage['type']>(type: T): Promise<Extract<StoreMessage, { type: T }>> {
    for (;;) {
      const index = this.received.findIndex((message) => message.type === type)
      if (index >= 0) return this.received.splice(index, 1)[0] as unknown as Extract<StoreMessage, { type: T }>
      await new Promise<void>((resolve) => this.waiting.add(resolve))
    }
  }

  close(): void {
    this.socket.close()
    this.aws.destroy()
  }

  private take(message: Answer): void {
    this.received.push(message)
    for (const wake of this.waiting) wake()
    this.waiting.clear()
  }
}
