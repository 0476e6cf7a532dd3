import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { SignedWebSocketTransport } from '../../client/process/websocket.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { epochMs, type FloorAnswer, type FloorMessage, type FloorPush, type FloorStep } from './floor-message.js'

interface Config {
  readonly url: string
  readonly region: string
  readonly sessionsTable: string
  readonly dynamoDbEndpoint: string
}

type Received = { readonly answer: FloorAnswer } | { readonly push: FloorPush }

/** One connection to the gateway, which hears of nothing but the floor. */
class FloorConnection {
  connectionId = ''
  received: (received: Received) => void = () => {}
  private readonly socket

  private constructor(transport: SignedWebSocketTransport, opened: () => void) {
    this.socket = transport.open({
      opened,
      received: (text) => {
        const message = JSON.parse(text) as FloorAnswer | FloorPush | { readonly message: string }
        if ('message' in message) throw new Error(`the gateway answered ${text}`)
        this.received('pushed' in message ? { push: message } : { answer: message })
      },
      closed: (failure) => {
        if (failure !== undefined) throw new Error(failure.message)
      },
    })
  }

  static async open(transport: SignedWebSocketTransport): Promise<FloorConnection> {
    const connection = await new Promise<FloorConnection>((resolve) => {
      const opening: FloorConnection = new FloorConnection(transport, () => resolve(opening))
    })
    connection.connectionId = (await connection.ask('acquire', [])).connectionId
    return connection
  }

  send(type: FloorMessage['type'], floor: FloorMessage['floor']): void {
    this.socket.send(JSON.stringify({ type, key: 'floor', floor } satisfies FloorMessage))
  }

  async ask(type: FloorMessage['type'], floor: FloorMessage['floor']): Promise<FloorAnswer> {
    const answered = this.next((received) => ('answer' in received ? received.answer : undefined))
    this.send(type, floor)
    return answered
  }

  /** The next thing received that this finds something in. */
  next<T>(find: (received: Received) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      this.received = (received) => {
        const found = find(received)
        if (found !== undefined) resolve(found)
      }
    })
  }

  close(): void {
    this.socket.close()
  }
}

/** Runs one part of a handoff by itself, or all of it, and returns how long it took. */
type Measured = (turn: number) => Promise<number>

/**
 * The floor: the requests, messages and pushes of a handoff, with trivial functions and clients around them. `what` names
 * the whole, or one part of it.
 */
export const start: StartSide = async ({ setting }) => {
  const config = JSON.parse(process.env.HOLDFAST_CONFIG ?? '') as Config
  const aws = new DynamoDBClient({ endpoint: config.dynamoDbEndpoint, region: config.region, maxAttempts: 1 })
  const transport = new SignedWebSocketTransport(config.url, config.region, aws)
  const ends = [await FloorConnection.open(transport), await FloorConnection.open(transport)] as const
  const [first] = ends
  const inFunction = async (step: FloorStep) => {
    const { startedAtMs, endedAtMs } = await first.ask('acquire', [[step]])
    return endedAtMs - startedAtMs
  }
  const measured: Readonly<Record<string, Measured>> = {
    handoff: (turn) => handoff(ends, turn, () => writeSession(aws, config.sessionsTable)),
    message: async () => {
      const sentAtMs = epochMs()
      return (await first.ask('acquire', [])).startedAtMs - sentAtMs
    },
    push: async () => {
      const pushed = first.next((received) => ('push' in received ? epochMs() - received.push.sentAtMs : undefined))
      first.send('acquire', [[{ do: 'push', to: first.connectionId, text: 'revoke' }]])
      return pushed
    },
    write: () => inFunction({ do: 'write' }),
  }
  const run = measured[String(setting.what)]
  if (run === undefined) throw new Error(`the floor has no ${String(setting.what)}`)
  let turn = 0
  return {
    async round(length) {
      const latenciesMs: number[] = []
      const work = await loop(length, async () => {
        turn += 1
        latenciesMs.push(await run(turn))
      })
      return { ...work, latenciesMs }
    },
    async stop() {
      for (const end of ends) end.close()
      aws.destroy()
    },
  }
}

/** The requests of a handoff in their order, and the commit of an access, which is not a part of it. */
async function handoff(
  ends: readonly [FloorConnection, FloorConnection],
  turn: number,
  commit: () => Promise<unknown>,
): Promise<number> {
  const [holder, waiter] = turn % 2 === 0 ? ends : [ends[1], ends[0]]
  const startedAt = performance.now()
  const granted = waiter.next((received) => ('push' in received ? received.push : undefined))
  const revoked = holder.next((received) => ('push' in received ? received.push : undefined))
  const revoke: FloorStep = { do: 'push', to: holder.connectionId, text: 'revoke' }
  waiter.send('acquire', [[{ do: 'refusedWrite' }], [{ do: 'write' }, { do: 'read' }], [revoke]])
  await revoked
  const grant: FloorStep = { do: 'push', to: waiter.connectionId, text: 'granted' }
  holder.send('release', [[{ do: 'write' }], [{ do: 'read' }], [grant]])
  await granted
  await commit()
  const ms = performance.now() - startedAt
  await commit()
  return ms
}

function writeSession(aws: DynamoDBClient, TableName: string): Promise<unknown> {
  const ExpressionAttributeValues = { ':one': { N: '1' } }
  const write = { TableName, Key: { pk: { S: 'floor' } }, UpdateExpression: 'ADD n :one', ExpressionAttributeValues }
  return aws.send(new UpdateItemCommand({ ...write, ReturnValues: 'ALL_NEW' }))
}
