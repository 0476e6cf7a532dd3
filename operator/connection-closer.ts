import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SignatureV4 } from '@smithy/signature-v4'

/** Closes connections of API Gateway through its management API. Another client of the AWS SDK would be for this one call. */
export class ConnectionCloser {
  private readonly signer: SignatureV4

  /** `aws` lends its credentials and its hash. */
  constructor(
    aws: DynamoDBClient,
    region: string,
    private readonly timeoutMs: number,
  ) {
    const { credentials, sha256 } = aws.config
    this.signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256 })
  }

  /** Resolves to false where this connection is gone already. */
  async close(endpoint: string, connectionId: string): Promise<boolean> {
    const { protocol, host, hostname, pathname, port } = new URL(endpoint)
    const path = `${pathname.replace(/\/$/, '')}/@connections/${encodeURIComponent(connectionId)}`
    const request = { method: 'DELETE', protocol, hostname, path, headers: { host } }
    const { headers } = await this.signer.sign(port === '' ? request : { ...request, port: Number(port) })
    const { host: _, ...sent } = headers
    const signal = AbortSignal.timeout(this.timeoutMs)
    const { status } = await fetch(`${protocol}//${host}${path}`, { method: 'DELETE', headers: sent, signal })
    if (status === 410) return false
    if (status === 204) return true
    throw new Error(`API Gateway closed no connection: it answered with status ${status}`)
  }
}
