import { devNull } from 'node:os'
import type { APIGatewayProxyResultV2 } from 'aws-lambda'
import { FUNCTION_ENVIRONMENT } from '../../bench/start/bundles.js'
import { GRANT_HANDLERS, type Handlers, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { createEnvironment } from '../../functions/lambda/adapter.js'
import { createMessageHandler, type WebSocketEvent } from '../../functions/lambda/handlers.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { RecordingAws } from './recording-aws.js'
import type { Player } from './stage.js'

/** An application server under a role, as STS names it. */
export const ROLE_ARN = 'arn:aws:sts::123456789012:assumed-role/Server'

type Handler = (event: WebSocketEvent) => Promise<APIGatewayProxyResultV2>

/** The functions as Lambda runs them, with the AWS SDK, on an AWS that notes each request. */
export class AwsStage {
  readonly aws = new RecordingAws()
  private readonly environmentBefore = { ...process.env }
  private handlers = new Map<Handlers, Handler>()

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
      jest.spyOn(console, 'log').mockImplementation(() => {})
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

  async send(player: Player, message: ClientMessage, userArn = `${ROLE_ARN}/i-1`): Promise<StoreMessage> {
    return this.sendOver(player.connectionId, message, userArn)
  }

  async sendOver(connectionId: string, message: ClientMessage, userArn = `${ROLE_ARN}/i-1`): Promise<StoreMessage> {
    const { type } = message
    const handlers = type in GRANT_HANDLERS ? GRANT_HANDLERS : type in RELEASE_HANDLERS ? RELEASE_HANDLERS : {}
    const requestContext = { connectionId, eventType: 'MESSAGE', identity: { userArn } }
    const event = { requestContext, body: JSON.stringify(message) } as unknown as WebSocketEvent
    const result = await this.functionOf(handlers)(event)
    return JSON.parse((result as { readonly body: string }).body) as StoreMessage
  }

  hello(
    { processId, secret, connectionId }: Pick<Player, 'processId' | 'secret' | 'connectionId'>,
    gen = 1,
    over = connectionId,
    userArn?: string,
  ) {
    return this.sendOver(over, { type: 'hello', v: 1, processId, secret, label: '', gen }, userArn)
  }

  private functionOf(handlers: Handlers): Handler {
    const found = this.handlers.get(handlers) ?? createMessageHandler(createEnvironment(), handlers)
    this.handlers.set(handlers, found)
    return found
  }
}
