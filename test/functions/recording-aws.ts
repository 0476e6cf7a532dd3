import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { carryOut, type Input, type Output } from '../../bench/start/fake-dynamodb.js'
import type { StoreMessage } from '../../protocol/messages.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { lockWriteOf } from './write-names.js'

/** A request of a function as it arrived: each try is one. */
export interface AwsRequest {
  /** As in `GetItem`, or `push`. */
  readonly operation: string
  readonly input: Input | undefined
  /** The pushed message. */
  readonly message: StoreMessage | undefined
}

/**
 * `silent`: no answer, on a connection that stays open; `stalled`: one that stops in its body; `cut`: a connection that
 * ends. A number is the status of an error, with its name.
 */
export type AwsFault = 'silent' | 'stalled' | 'cut' | readonly [status: number, name: string] | undefined

/**
 * AWS as the functions see it, over HTTP: DynamoDB on a memory store, and the management API of the gateway. It notes
 * every request.
 */
export class RecordingAws {
  readonly memory = new MemoryStore()
  /** In the order in which they arrived. */
  readonly requests: AwsRequest[] = []
  faultOf: (request: AwsRequest) => AwsFault | Promise<AwsFault> = () => undefined
  private readonly sockets = new Set<Socket>()
  private readonly server: Server

  constructor() {
    this.server = createServer((incoming, response) => {
      this.handle(incoming, response).catch(() => response.destroy())
    })
    this.server.on('connection', (socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  /** The requests so far, in words; and none from then on. */
  take(): readonly string[] {
    return this.requests.splice(0).map(inWords)
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close')
    for (const socket of this.sockets) socket.destroy()
    this.server.close()
    await closed
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = JSON.parse(await text(incoming))
    const target = incoming.headers['x-amz-target']
    const request: AwsRequest =
      target === undefined
        ? { operation: 'push', input: undefined, message: sent as StoreMessage }
        : { operation: String(target).split('.').at(-1) ?? '', input: sent as Input, message: undefined }
    this.requests.push(request)
    const fault = await this.faultOf(request)
    if (fault === 'silent') return
    if (fault === 'cut') return void response.destroy()
    if (fault === 'stalled') return void response.writeHead(200, { 'content-length': 100 }).write('{')
    if (fault !== undefined) {
      const [status, name] = fault
      // DynamoDB names an error in the body, the gateway in a header.
      return answer(response, { status, body: { __type: name } }, name)
    }
    answer(response, request.input === undefined ? PUSHED : await carryOut(this.memory, target, request.input))
  }
}

const PUSHED: Output = { status: 200, body: {} }

function answer(response: ServerResponse, { status, body }: Output, errorType?: string): void {
  const error = errorType === undefined ? {} : { 'x-amzn-errortype': errorType }
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...error }).end(JSON.stringify(body))
}

/** All of a request that AWS goes by, but keys and values. */
function inWords({ operation, input, message }: AwsRequest): string {
  if (input === undefined) return `push ${message?.type}`
  const { TableName, ConsistentRead, ReturnValues, ReturnValuesOnConditionCheckFailure: onFailure } = input
  switch (operation) {
    case 'GetItem':
      return `GetItem ${TableName} ${ConsistentRead === true ? 'consistent' : 'EVENTUALLY CONSISTENT'}`
    case 'UpdateItem':
      return `UpdateItem ${TableName} ${lockWriteOf(input)} returns ${ReturnValues}, else ${onFailure}`
    default:
      return `${operation} ${TableName}`
  }
}
