import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'
import { CLOCK_OFF_MAX_MS } from '../limits.js'

/** A request to the store, of the form that the AWS SDK signs and sends. */
export interface Signable {
  readonly method: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/**
 * Signs requests to one URL of the store. The SDK's client for the primary state lends its credentials, its hash and its
 * offset of the clock.
 */
export class Signer {
  private readonly signature: SignatureV4

  constructor(
    private readonly url: URL,
    service: string,
    region: string,
    private readonly aws: DynamoDBClient,
  ) {
    const { credentials, sha256 } = aws.config
    this.signature = new SignatureV4({ service, region, credentials, sha256 })
  }

  /** Credentials change while a process lives, so each request is signed anew. */
  async sign({ method, headers, body }: Signable) {
    const { host, hostname, pathname, port, protocol } = this.url
    const request = {
      method,
      protocol: protocol.replace('ws', 'http'),
      hostname,
      ...(port === '' ? {} : { port: Number(port) }),
      path: pathname,
      query: {},
      headers: { ...headers, host },
      body,
    }
    const signingDate = new Date(Date.now() + this.aws.config.systemClockOffset)
    return this.signature.sign(request, { signingDate })
  }

  /** Takes over the time of an answer, for all requests to come. Returns false where signatures have about that time. */
  correctClock(date: string | undefined): boolean {
    const { config } = this.aws
    const offsetMs = Date.parse(date ?? '') - Date.now()
    if (!(Math.abs(offsetMs - config.systemClockOffset) > CLOCK_OFF_MAX_MS)) return false
    config.systemClockOffset = offsetMs
    return true
  }
}
