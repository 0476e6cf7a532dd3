import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { PROCESS_HEADER } from '../../protocol/process/https.js'
import { FUNCTION_PAYLOAD_BYTES_MAX } from '../gateway/aws-limits.js'
import { readBody } from '../gateway/read-body.js'
import { forbiddenBecause, notAuthorized, type Refusal, refuse, unsigned } from '../gateway/refused-upgrade.js'
import { may, type Principal, type Principals } from '../iam/principals.js'
import { verifySignature } from '../iam/sigv4.js'
import { InTurn } from '../in-turn.js'
import type { Outcome } from '../lambda/execution-environment.js'
import { listen } from '../listen.js'
import { foreign } from '../own-requests.js'
import type { FunctionUrlSpec } from '../template/function-urls.js'
import { REGION } from '../template/resources.js'
import { functionUrlEvent } from './event.js'

/** Sees the messages that come over HTTPS. It changes nothing, and must not throw. */
export interface HttpsWatch {
  /** `processId`: what the request says; it may be anything. */
  posted(processId: string, text: string): void
  replied(processId: string, text: string): void
}

export interface FunctionUrlOptions {
  readonly spec: FunctionUrlSpec
  readonly principals: Principals
  readonly invoke: (functionId: string, event: object) => Promise<Outcome>
  /** Called for every signed request with the sender's name, and `ok` or the error's type. */
  readonly onRequest: (from: string, outcome: string) => void
  readonly watch?: HttpsWatch | undefined
}

/** Both are needed: see https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html. */
const RIGHTS = [
  ['lambda:InvokeFunctionUrl', { 'lambda:functionurlauthtype': ['AWS_IAM'] }],
  ['lambda:InvokeFunction', { 'lambda:invokedviafunctionurl': ['true'] }],
] as const

const failed: Refusal = { status: 502, type: 'BadGatewayException', message: 'Internal Server Error' }
const tooLarge: Refusal = { status: 413, type: 'RequestEntityTooLargeException', message: 'Request too large' }
const notHashed: Refusal = {
  status: 403,
  type: 'InvalidSignatureException',
  message: 'Lambda takes no request whose payload is not signed',
}

/** The URL of a function on a port of this machine: Lambda checks signature and rights, and invokes the function. */
export class FunctionUrl {
  private readonly turns = new InTurn()
  private server: Server | undefined
  private boundPort = 0

  constructor(private readonly options: FunctionUrlOptions) {}

  /** The same through every restart. */
  get port(): number {
    return this.boundPort
  }

  start(port?: number): Promise<void> {
    return this.turns.run(() => this.listen(port ?? this.boundPort))
  }

  /** Cuts everything at once. */
  stop(): Promise<void> {
    return this.turns.run(() => this.end())
  }

  private async listen(port: number): Promise<void> {
    if (this.server !== undefined) return
    const server = createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy())
    })
    await listen(server, port, 'messages over HTTPS')
    this.server = server
    this.boundPort = (server.address() as { readonly port: number }).port
  }

  private async end(): Promise<void> {
    const { server } = this
    if (server === undefined) return
    this.server = undefined
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, FUNCTION_PAYLOAD_BYTES_MAX)
    if (body === undefined) return refuse(response, tooLarge)
    const refused = foreign(request.headers)
    if (refused !== undefined) return refuse(response, forbiddenBecause(refused))
    const principal = this.authenticate(request, body)
    if (!('credentials' in principal)) return refuse(response, principal)
    const refusal = this.refusalOf(principal)
    const { spec, invoke, onRequest, watch } = this.options
    onRequest(principal.name, refusal?.type ?? 'ok')
    if (refusal !== undefined) return refuse(response, refusal)
    const [text, processId] = [body.toString(), String(request.headers[PROCESS_HEADER] ?? '')]
    watch?.posted(processId, text)
    const outcome = await invoke(spec.function.logicalId, functionUrlEvent(spec, principal, request, text))
    if (outcome.type === 'failed') return refuse(response, failed)
    // Also where nobody watches.
    const reply = answer(response, outcome.value)
    watch?.replied(processId, reply)
  }

  private authenticate(request: IncomingMessage, body: Uint8Array): Principal | Refusal {
    const { method = '', url = '', headers } = request
    if (headers['x-amz-content-sha256'] === 'UNSIGNED-PAYLOAD') return notHashed
    try {
      return verifySignature({ method, url, headers, body }, this.options.principals, 'lambda', REGION, Date.now())
    } catch (error) {
      return unsigned(error)
    }
  }

  private refusalOf(principal: Principal): Refusal | undefined {
    const { arn } = this.options.spec.function
    const missing = RIGHTS.find(([action, context]) => !may(principal, action, arn, context))
    return missing && notAuthorized(principal.arn, missing[0], arn)
  }
}

/** A result with a status is the response; any other value is its body, which is returned. */
function answer(response: ServerResponse, value: unknown): string {
  const { statusCode, headers = {}, body = '' } = (value ?? {}) as Readonly<Record<string, unknown>>
  const text = statusCode === undefined ? (JSON.stringify(value) ?? '') : String(body)
  if (statusCode === undefined) response.writeHead(200, { 'Content-Type': 'application/json' })
  else response.writeHead(Number(statusCode), headers as Record<string, string>)
  response.end(text)
  return text
}
