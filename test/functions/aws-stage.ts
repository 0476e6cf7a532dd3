import { devNull } from 'node:os'
import type { APIGatewayProxyResultV2 } from 'aws-lambda'
import { FUNCTION_ENVIRONMENT } from '../../bench/start/bundles.js'
import { GRANT_HANDLERS, type Handlers, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { createEnvironment } from '../../functions/lambda/adapter.js'
import { createConnectionHandler, createMessageHandler, type WebSocketEvent } from '../../functions/lambda/handlers.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { RecordingAws } from './recording-aws.js'
import type { Player } from './stage.js'

/** An application server under a role, as STS names it. */
export const ROLE_ARN = 'arn:aws:sts::123456789012:assumed-role/Server'

type Handler = (event: WebSocketEvent) => Promise<APIGatewayProxyResultV2>

/** The functions as Lambda runs them, with the AWS SDK, on an AWS that notes each request. */
export class AwsStage {
  readonly aws = new RecordingAws()
  /** What the functions wrote. */
  readonly lines: string[] = []
  private readonly environmentBefore = { ...process.env }
  private handlers = new Map<Handlers | undefined, Handler>()
  private readonly opened = new Set<string>()

  /** To be made where the suite is described. Each test has functions of its own. */
  constructor(timing: object = {}) {
    beforeAll(async () => {
      await this.aws.start()
      const { url } = this.aws
      Object.assign(process.env, FUNCTION_ENVIRONMENT, {
        HOLDFAST_CALLBACK_URL: `${url}/live`,
        HOLDFAST_TIMING: JSON.stringify(timing),
        AWS_ENDPOINT_URL_DYNAMODB: url,
        AWS_CONFIG_FILE: devNull,
        AWS_SHARED_CREDENTIALS_FILE: devNull,
      })
      // Each line of a function's log would be shown, and half of these tests are of failures.
      jest.spyOn(process.stdout, 'write').mockImplementation((text) => this.lines.push(String(text)) > 0)
      await this.warmUp()
    })
    beforeEach(() => {
      this.replaceFunctions()
      this.aws.faultOf = () => undefined
      this.aws.take()
    })
    afterAll(async () => {
      process.env = this.environmentBefore
      jest.restoreAllMocks()
      await this.aws.stop()
    })
  }

  /** From now on other environments serve, which remember nobody. */
  replaceFunctions(): void {
    this.handlers = new Map()
  }

  async send(player: Player, message: ClientMessage): Promise<StoreMessage> {
    return this.sendOver(player.connectionId, message)
  }

  /** The events of messages do not name the caller. */
  async sendOver(connectionId: string, message: ClientMessage, about: object = {}): Promise<StoreMessage> {
    const { type } = message
    const handlers = type in GRANT_HANDLERS ? GRANT_HANDLERS : type in RELEASE_HANDLERS ? RELEASE_HANDLERS : undefined
    const event = this.event({ connectionId, eventType: 'MESSAGE', ...about }, JSON.stringify(message))
    const result = await this.functionOf(handlers)(event)
    return JSON.parse((result as { readonly body: string }).body) as StoreMessage
  }

  /** A body that may be anything, to the function of all that has no route. */
  sendRaw(requestContext: object, body: string): Promise<APIGatewayProxyResultV2> {
    return this.functionOf(undefined)(this.event({ eventType: 'MESSAGE', ...requestContext }, body))
  }

  /** An event of the API of these functions. */
  event(requestContext: object, body?: string): WebSocketEvent {
    const [apiId, stage] = FUNCTION_ENVIRONMENT.HOLDFAST_API.split('/')
    return { requestContext: { apiId, stage, ...requestContext }, body } as unknown as WebSocketEvent
  }

  private async open(connectionId: string, userArn: string): Promise<void> {
    this.opened.add(connectionId)
    const event = this.event({ connectionId, eventType: 'CONNECT', identity: { userArn } })
    const { statusCode } = (await this.functionOf(undefined)(event)) as { readonly statusCode: number }
    if (statusCode !== 200) throw new Error(`$connect was answered with ${statusCode}`)
  }

  /** Says hello over a connection, which is opened first where it is not. */
  async hello(
    { processId, secret, connectionId }: Pick<Player, 'processId' | 'secret' | 'connectionId'>,
    gen = 1,
    over = connectionId,
    userArn = `${ROLE_ARN}/i-1`,
  ) {
    if (!this.opened.has(over)) await this.open(over, userArn)
    return this.sendOver(over, { type: 'hello', v: 1, processId, secret, label: '', gen })
  }

  /** The AWS SDK loads and compiles much with its first requests. That may take longer than a message may. */
  private async warmUp(): Promise<void> {
    const { deps } = createEnvironment()
    await deps.store.get('locks', 'nothing').catch(() => {})
    await deps.push({ connectionId: 'nobody', endpoint: `${this.aws.url}/live` }, { type: 'noted', of: 'retire' })
    this.aws.take()
  }

  /** The function of these handlers, or `connection`. */
  private functionOf(handlers: Handlers | undefined): Handler {
    const known = this.handlers.get(handlers)
    if (known !== undefined) return known
    const environment = createEnvironment()
    const made = handlers ? createMessageHandler(environment, handlers) : createConnectionHandler(environment)
    this.handlers.set(handlers, made)
    return made
  }
}
