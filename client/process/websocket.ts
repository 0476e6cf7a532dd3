import type { Agent } from 'node:http'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
// `ws`, and for bundlers the same as an ES module: see `imports` in package.json.
import WebSocket from '#ws'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { WELCOME_TIMEOUT_MS } from '../limits.js'
import type { ConnectFailure, Socket, SocketEvents, Transport } from '../ports.js'
import { errorName, refusedFailure, signingFailure, unreachedFailure } from './connect-failures.js'
import { Signer } from './signer.js'

/**
 * The WebSocket to the store. Every connection is signed anew with the credentials of the AWS SDK's own chain, because
 * they change while a process lives. The signature is in headers, because a URL with a secret in it may be logged.
 */
export class SignedWebSocketTransport implements Transport {
  private readonly signer: Signer
  private readonly url: URL
  private readonly agent: Agent | undefined

  /** `aws` lends its credentials, its hash and its offset of the clock: the client has one for the primary state. */
  constructor(
    url: string,
    region: string,
    aws: DynamoDBClient,
    agents: { readonly http?: Agent; readonly https?: Agent } = {},
    /** Told when a connection was refused, with AWS's name for the error: new credentials may be needed. */
    private readonly refused: (error: { readonly name: string | undefined }) => void = () => {},
  ) {
    this.url = new URL(url)
    this.agent = this.url.protocol === 'wss:' ? agents.https : agents.http
    this.signer = new Signer(this.url, 'execute-api', region, aws)
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
      const { headers } = await this.signer.sign({ method: 'GET' })
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
        if (mayCorrectClock && statusCode === 403 && this.signer.correctClock(answered.date)) {
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
}

const CLOSE_TIMEOUT_MS = 1_000

function closePolitely(socket: WebSocket): void {
  socket.close(1000)
  const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
}
