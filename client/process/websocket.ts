import type { Agent } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'
// `ws`, and for bundlers the same as an ES module: see `imports` in package.json.
import WebSocket from '#ws'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { CLOCK_OFF_MAX_MS, WELCOME_TIMEOUT_MS } from '../limits.js'
import type { ConnectFailure, Socket, SocketEvents, Transport } from '../ports.js'
import { errorName, refusedFailure, signingFailure, unreachedFailure } from './connect-failures.js'

/**
 * The WebSocket to the store. Every connection is signed anew with the credentials of the AWS SDK's own chain, because
 * they change while a process lives. The signature is in headers, because a URL with a secret in it may be logged.
 */
export class SignedWebSocketTransport implements Transport {
  private readonly signer: SignatureV4
  private readonly url: URL
  private readonly agent: Agent | undefined

  /** `aws` lends its credentials, its hash and its offset of the clock: the client has one for the primary state. */
  constructor(
    url: string,
    region: string,
    private readonly aws: DynamoDBClient,
    agents: { readonly http?: Agent; readonly https?: Agent } = {},
    /** Told when a connection was refused, with AWS's name for the error: new credentials may be needed. */
    private readonly refused: (error: { readonly name: string | undefined }) => void = () => {},
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
    const connect = async (mayCorrectClock: boolean) => {
      const headers = await this.sign()
      if (isClosed) return
      const opening = new WebSocket(this.url, {
        headers,
        agent: this.agent,
        handshakeTimeout: WELCOME_TIMEOUT_MS,
        maxPayload: 8 * MESSAGE_BYTES_MAX,
        perMessageDeflate: false,
      })
      socket = opening
      opening.on('open', () => events.opened())
      opening.on('message', (data: Buffer, isBinary) => {
        if (!isBinary && !isClosed) events.received(data.toString())
      })
      opening.on('unexpected-response', (_request, response) => {
        const { statusCode = 0, headers: answered } = response
        this.refused({ name: errorName(answered['x-amzn-errortype']) })
        if (mayCorrectClock && statusCode === 403 && this.correctClock(answered.date)) {
          socket = undefined
          connect(false).catch(failed)
        } else failure = refusedFailure(this.url, statusCode, errorName(answered['x-amzn-errortype']))
        opening.terminate()
      })
      opening.on('error', (cause) => {
        if (socket === opening) failure ??= unreachedFailure(this.url, cause)
      })
      opening.on('close', () => {
        if (socket === opening) closed()
      })
    }
    const failed = (reason: unknown) => {
      failure = signingFailure(reason)
      closed()
    }
    connect(true).catch(failed)
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
    const request = {
      method: 'GET',
      protocol: 'https:',
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      headers: { host },
    }
    const signingDate = new Date(Date.now() + this.aws.config.systemClockOffset)
    return (await this.signer.sign(request, { signingDate })).headers
  }

  /** Takes over the time of an answer, for all requests to come. Returns false where signatures have about that time. */
  private correctClock(date: string | undefined): boolean {
    const { config } = this.aws
    const offsetMs = Date.parse(date ?? '') - Date.now()
    if (!(Math.abs(offsetMs - config.systemClockOffset) > CLOCK_OFF_MAX_MS)) return false
    config.systemClockOffset = offsetMs
    return true
  }
}

const CLOSE_TIMEOUT_MS = 1_000

function closePolitely(socket: WebSocket): void {
  socket.close(1000)
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
