import aws4 from 'aws4'
import type { Credentials } from '../../../local/iam/principals.js'

/** A request, and how it is signed. */
export interface Signing {
  readonly credentials: Credentials
  readonly service: 'execute-api' | 'dynamodb' | 'lambda'
  readonly region: string
  readonly host: string
  readonly path: string
  readonly body: string
  readonly signQuery: boolean
  readonly atMs: number
}

/** A request as it arrives. */
export interface Received {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** A request that is signed by a signer that shares no code with the AWS SDK. */
export function signed({ credentials, service, region, host, path, body, signQuery, atMs }: Signing): Received {
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '')
  const target = service === 'dynamodb' ? { 'X-Amz-Target': 'DynamoDB_20120810.UpdateItem' } : {}
  const query = `X-Amz-Expires=60&X-Amz-Date=${date}`
  const request = {
    service,
    region,
    host,
    path: signQuery ? `${path}${path.includes('?') ? '&' : '?'}${query}` : path,
    method: body === '' ? 'GET' : 'POST',
    headers: { Host: host, ...target, ...(signQuery ? {} : { 'X-Amz-Date': date }) },
    signQuery,
    ...(body === '' ? {} : { body }),
  }
  const { headers, path: url = '' } = aws4.sign(request, credentials)
  const received = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)])
  return { url, headers: Object.fromEntries(received), body: Buffer.from(body) }
}
