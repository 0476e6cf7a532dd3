import type { Agent } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'
// `ws`, and for bundlers the same as an ES module: see `imports` in package.json.
import WebSocket from '#ws'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { WELCOME_TIMEOUT_MS } from '../limits.js'
import type { ConnectFailure, Socket, SocketEvents, Transport } from '../ports.js'

/**
 * The WebSocket to the store. Every connection is signed anew with the credentials of the AWS SDK's own chain, because
 * they change while a process lives. The signature is in headers, because a URL with a secret in it may be logged.
 */
export class SignedWebSocketTransport implements Transport {
  private readonly signer: SignatureV4
  private readonly url: URL
  private readonly agent: Agent | undefined

  /** `aws` lends its credentials and its hash: the client has one already, for the primary state. */
  constructor(
    url: string,
    region: string,
    aws: DynamoDBClient,
    agents: { readonly http?: Agent; readonly https?: Agent } = {},
  ) {
    this.url = new URL(url)
    this.agent = this.url.protocol === 'wss:' ? agents.https : agents.http
    this.signer = new SignatureV4({
      service: 'execute-api',
      region,
      credentials: aws.config.credentials,
      sha256: aws.config.sha256,
    })
  }

  open(events: SocketEvents): Socket {
    let socket: WebSocket | undefined
    let isClosed = false
    let failure: ConnectFailure | undefined
    const closed = () => {
      if (!isClosed) events.closed(failure)
      isClosed = true
    }
    this.sign().then(
      (headers) => {
        if (isClosed) return
        socket = new WebSocket(this.url, {
          headers,
          agent: this.agent,
          handshakeTimeout: WELCOME_TIMEOUT_MS,
          maxPayload: 8 * MESSAGE_BYTES_MAX,
          perMessageDeflate: false,
        })
        socket.on('open', () => events.opened())
        socket.on('message', (data: Buffer, isBinary) => {
          if (!isBinary && !isClosed) events.received(data.toString())
        })
        socket.on('unexpected-response', (_request, response) => {
          failure = refusedFailure(this.url, response.statusCode ?? 0)
          socket?.terminate()
        })
        socket.on('error', (cause) => {
          failure ??= {
            message: `cannot reach ${this.url.host}: ${cause.message}`,
            permanent: isNoServer(cause),
            cause,
          }
        })
        socket.on('close', closed)
      },
      (cause: Error) => {
        failure = {
          message: `no AWS credentials to sign the connection with: ${cause.message}`,
          permanent: true,
          cause,
        }
        closed()
      },
    )
    return {
      send(text) {
        if (socket?.readyState === WebSocket.OPEN) socket.send(text)
      },
      close() {
        if (socket === undefined) closed()
        // A peer that is gone would never answer a polite close. An open socket closes politely, so that its last messages arrive.
        else if (socket.readyState === WebSocket.OPEN) closePolitely(socket)
        else socket.terminate()
      },
    }
  }

  private async sign(): Promise<Record<string, string>> {
    const { host, hostname, pathname, port } = this.url
    const signed = await this.signer.sign({
      method: 'GET',
      protocol: 'https:',
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      headers: { host },
    })
    return signed.headers
  }
}

const CLOSE_TIMEOUT_MS = 1_000

function closePolitely(socket: WebSocket): void {
  socket.close(1000)
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}

const FORBIDDEN_HINT =
  ": check the URL (the API's id, region and stage), the credentials, their right to 'execute-api:Invoke', and the clock"

/** A refusal by IAM or a wrong path does not go away by itself; throttling and server errors do. */
function refusedFailure(url: URL, status: number): ConnectFailure {
  // API Gateway answers 403 to everything that it does not let in, an API or a stage that does not exist included.
  const hint = status === 403 ? FORBIDDEN_HINT : ''
  return {
    message: `${url.host}${url.pathname} refused the connection with status ${status}${hint}`,
    permanent: status >= 400 && status < 500 && status !== 408 && status !== 429,
  }
}

/** A name that does not exist is a wrong setting; a server that is down may come back. */
const isNoServer = (cause: Error): boolean => (cause as { readonly code?: unknown }).code === 'ENOTFOUND'
