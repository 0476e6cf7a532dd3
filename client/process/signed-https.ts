import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { CONNECTION_HEADER, PROCESS_HEADER, SECRET_HEADER } from '../../protocol/process/https.js'
import { HTTPS_RETRY_MS, HTTPS_TIMEOUT_MS, HTTPS_TRIES_MAX } from '../limits.js'
import type { ConnectFailure, Door, Reply, Speaker } from '../ports.js'
import { errorName, signingFailure, unreachedFailure } from './connect-failures.js'
import { Signer } from './signer.js'

/** Lambda answers 403 to everybody whom IAM does not let in. */
const FORBIDDEN_HINT =
  ". Check the URL, the credentials, their rights to 'lambda:InvokeFunctionUrl' and 'lambda:InvokeFunction' (a policy " +
  'that was attached seconds ago may not count yet), and the clock'

/**
 * The store's function URL. Each message is a request that is signed anew. It is tried again where the obstacle may pass:
 * the store may get a message twice. After a time in which a process was frozen, its first try often finds a connection
 * that the other side has closed.
 */
export class SignedHttps implements Door {
  private readonly url: URL
  private readonly signer: Signer

  /** `aws` lends its connections, too. */
  constructor(
    url: string,
    region: string,
    private readonly aws: DynamoDBClient,
    /** Told when a request was refused, with AWS's name for the error: new credentials may be needed. */
    private readonly refused: (error: { readonly name: string | undefined }) => void = () => {},
  ) {
    this.url = new URL(url)
    this.signer = new Signer(this.url, 'lambda', region, aws)
  }

  /** Bounded as a whole: a provider of credentials may hang, too. What is signed after that is not sent. */
  post(speaker: Speaker, text: string): Promise<Reply> {
    const signal = AbortSignal.timeout(HTTPS_TIMEOUT_MS)
    const cause = new Error(`no whole answer within ${HTTPS_TIMEOUT_MS} ms`)
    const late = once(signal, 'abort').then((): Reply => ({ failure: unreachedFailure(this.url, cause) }))
    return Promise.race([late, this.tryAgain(speaker, text, signal)])
  }

  private async tryAgain(speaker: Speaker, text: string, signal: AbortSignal): Promise<Reply> {
    let mayCorrectClock = true
    for (let tries = 1; ; tries += 1) {
      const { reply, date } = await this.attempt(speaker, text, signal)
      if (!('failure' in reply) || tries >= HTTPS_TRIES_MAX || signal.aborted) return reply
      if (reply.failure.kind === 'passing') await pause(Math.random() * HTTPS_RETRY_MS * 2 ** (tries - 1))
      else if (mayCorrectClock && this.signer.correctClock(date)) mayCorrectClock = false
      else return reply
    }
  }

  /** `date`: the time of an answer that refuses the request. */
  private async attempt(
    { processId, secret, connectionId }: Speaker,
    text: string,
    abortSignal: AbortSignal,
  ): Promise<{ readonly reply: Reply; readonly date?: string }> {
    const headers = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(text)),
      [PROCESS_HEADER]: processId,
      [SECRET_HEADER]: secret,
      ...(connectionId === undefined ? {} : { [CONNECTION_HEADER]: connectionId }),
    }
    let signed: Awaited<ReturnType<Signer['sign']>>
    try {
      signed = await this.signer.sign({ method: 'POST', headers, body: text })
    } catch (reason) {
      return { reply: { failure: signingFailure(reason) } }
    }
    try {
      const { response } = await this.aws.config.requestHandler.handle(signed as never, { abortSignal })
      const body = response.body as IncomingMessage
      if (response.statusCode === 200) return { reply: { text: await read(body) } }
      // What a refusal says beyond its head is not needed: it may be a page of a proxy, or never end.
      body.on('error', () => {}).resume()
      const name = errorName(response.headers['x-amzn-errortype'])
      this.refused({ name })
      return { reply: { failure: this.failureOf(response.statusCode, name) }, date: response.headers.date }
    } catch (cause) {
      return { reply: { failure: unreachedFailure(this.url, cause as Error) } }
    }
  }

  private failureOf(status: number, name: string | undefined): ConnectFailure {
    const answer = name === undefined ? status : `${status} (${name})`
    const hint = status === 403 ? FORBIDDEN_HINT : ''
    // Throttling and errors of the function go away by themselves.
    const kind = status >= 500 || status === 408 || status === 429 ? 'passing' : 'setting'
    return { message: `${this.url.host} refused a message with status ${answer}${hint}`, kind }
  }
}

async function read(body: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > 8 * MESSAGE_BYTES_MAX) throw new Error('an answer that is larger than any of the store')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
