import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { readBody } from '../gateway/read-body.js'
import { may, type Principal, type Principals } from '../iam/principals.js'
import { SignatureError, verifySignature } from '../iam/sigv4.js'
import { listen } from '../listen.js'
import { foreign } from '../own-requests.js'
import { REGION } from '../template/resources.js'
import { type Answer, failure, outcomeOf, send } from './answer.js'
import { askForUnits, readUnits } from './consumed-capacity.js'
import type { Database } from './database.js'
import { type DynamoDbRequest, readDynamoDbRequest } from './request.js'
import type { RequestCounts } from './request-counts.js'

/** DynamoDB's own limit for one request. */
const BODY_BYTES_MAX = 16 * 1024 * 1024
/**
 * Shorter than the time after which DynamoDB Local closes an idle connection: no request may use a closing connection.
 */
const UPSTREAM_IDLE_MS = 10_000

/** The key in a signature. */
const KEY = /(Credential=)[^/]*(\/)/

/** A request on its way to DynamoDB Local. */
export interface RecordedRequest extends DynamoDbRequest {
  /** Who sent it: a function's logical id, or the name of a user such as `application`. */
  readonly caller: string
}

/**
 * The fault of a request: `drop` cuts the connection without an answer, `refuse` answers with an error of this type,
 * as in `ThrottlingException`. A promise delays it.
 */
export type Fault = 'drop' | { readonly refuse: string } | undefined

export interface Faults {
  /** Before the request reaches DynamoDB Local: with a fault it never does. */
  readonly beforeForward?: (request: RecordedRequest) => Fault | Promise<Fault>
  /** After DynamoDB Local has applied it: with a fault its sender does not learn so. */
  readonly afterForward?: (request: RecordedRequest) => Fault | Promise<Fault>
}

/** A request that has been counted, and what came of it. */
export interface Exchange {
  readonly request: RecordedRequest
  /** `ok`, or the type of the error; `dropped` after a fault of that kind. */
  readonly outcome: string
  readonly units: number
  /** DynamoDB's own answer, where it was asked. */
  readonly body: Buffer | undefined
}

export interface DynamoDbProxyOptions {
  readonly database: Database
  readonly principals: Principals
  readonly counts: RequestCounts
  /** Sees every request with its answer. It changes nothing, and must not throw. */
  readonly watch?: ((exchange: Exchange) => void) | undefined
}

/** Stands in front of DynamoDB Local: verifies each request's signature, checks its permissions, and counts it. */
export class DynamoDbProxy {
  private readonly faults = new Set<Faults>()
  private readonly agent = new Agent({ keepAlive: true, timeout: UPSTREAM_IDLE_MS })
  private server: Server | undefined

  constructor(private readonly options: DynamoDbProxyOptions) {}

  get endpoint(): string {
    const address = this.server?.address()
    if (typeof address !== 'object' || address === null) throw new Error('the DynamoDB proxy is not running')
    return `http://127.0.0.1:${address.port}`
  }

  /** `port` may be 0, for a free one. */
  async start(port = 0): Promise<void> {
    const server = createServer((incoming, response) => {
      // While DynamoDB Local is down, clients see the same as in an outage: a connection that breaks.
      this.handle(incoming, response).catch(() => response.destroy())
    })
    // A frozen function must find its connections alive when it thaws.
    server.keepAliveTimeout = 0
    await listen(server, port, 'DynamoDB')
    this.server = server
  }

  async stop(): Promise<void> {
    const server = this.server
    this.server = undefined
    this.agent.destroy()
    if (server === undefined) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  /**
   * Injects faults into requests. The returned function ends them. Of several, the first that names a fault decides.
   */
  inject(faults: Faults): () => void {
    this.faults.add(faults)
    return () => this.faults.delete(faults)
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = (await readBody(incoming, BODY_BYTES_MAX)) ?? Buffer.alloc(0)
    const refused = foreign(incoming.headers)
    if (refused !== undefined) return send(response, failure('AccessDeniedException', refused))
    let principal: Principal
    let read: DynamoDbRequest
    try {
      const { method = '', url = '', headers } = incoming
      principal = verifySignature(
        { method, url, headers, body },
        this.options.principals,
        'dynamodb',
        REGION,
        Date.now(),
      )
      read = readDynamoDbRequest(String(headers['x-amz-target']), body.toString())
    } catch (error) {
      if (error instanceof SignatureError) return send(response, failure(error.type, error.message))
      return send(response, failure('SerializationException', 'the body is not JSON'))
    }
    const recorded = { ...read, caller: principal.name }
    const answer = this.denial(principal, recorded) ?? (await this.pass(recorded, incoming.headers, body))
    if (answer === 'drop') return void response.destroy()
    send(response, answer)
  }

  /** DynamoDB's answer to a principal without the permission, or undefined where the principal has it. */
  private denial(principal: Principal, recorded: RecordedRequest): Answer | undefined {
    const missing = recorded.needs.find(
      ({ action, resource, keys }) => !may(principal, action, resource, { 'dynamodb:leadingkeys': keys }),
    )
    if (missing === undefined) return undefined
    this.count(recorded, 'AccessDeniedException')
    return failure(
      'AccessDeniedException',
      `User: ${principal.arn} is not authorized to perform: ${missing.action} on resource: ${missing.resource} ` +
        `because no identity-based policy allows the ${missing.action} action`,
    )
  }

  private async pass(recorded: RecordedRequest, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer | 'drop'> {
    const before = await this.faultOf('beforeForward', recorded)
    if (before !== undefined) return this.faulty(recorded, before)
    const answer = await this.account(recorded, headers, body)
    const after = await this.faultOf('afterForward', recorded)
    return after === undefined ? answer : after === 'drop' ? 'drop' : failure(after.refuse, 'injected')
  }

  /** Forwards a request, and counts its outcome and the capacity that it consumed. */
  private async account(recorded: RecordedRequest, headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
    const asked = askForUnits(recorded, body)
    const answer = await this.forward(headers, asked.body)
    const { body: shown, units } = readUnits(answer, asked.isSecret)
    this.count(recorded, outcomeOf(answer), units, shown)
    return { ...answer, body: shown }
  }

  private faulty(recorded: RecordedRequest, fault: 'drop' | { readonly refuse: string }): Answer | 'drop' {
    this.count(recorded, fault === 'drop' ? 'dropped' : fault.refuse)
    return fault === 'drop' ? 'drop' : failure(fault.refuse, 'injected')
  }

  private async faultOf(when: keyof Faults, recorded: RecordedRequest): Promise<Fault> {
    for (const faults of this.faults) {
      const fault = await faults[when]?.(recorded)
      if (fault !== undefined) return fault
    }
    return undefined
  }

  private count(recorded: RecordedRequest, outcome: string, units = 0, body?: Buffer): void {
    const { caller, target, operation } = recorded
    this.options.counts.add({ caller, target, operation, outcome }, units)
    this.options.watch?.({ request: recorded, outcome, units, body })
  }

  private async forward(headers: IncomingHttpHeaders, body: Buffer): Promise<Answer> {
    // A compressed answer could not be read.
    const { 'accept-encoding': _, 'transfer-encoding': __, authorization = '', ...rest } = headers
    const { endpoint, accessKeyId } = this.options.database
    // DynamoDB Local looks at the key alone, not at the signature.
    const signed = authorization.replace(KEY, `$1${accessKeyId}$2`)
    const upstream = request(endpoint, {
      method: 'POST',
      agent: this.agent,
      headers: { ...rest, authorization: signed, connection: 'keep-alive', 'content-length': body.length },
    })
    upstream.end(body)
    const [response] = (await once(upstream, 'response')) as [IncomingMessage]
    const received = (await readBody(response, BODY_BYTES_MAX)) ?? Buffer.alloc(0)
    return { status: response.statusCode ?? 500, headers: response.headers, body: received }
  }
}
