import type { IncomingHttpHeaders, ServerResponse } from 'node:http'

/** DynamoDB's answer to a request, as it goes over the wire. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** DynamoDB's answer to a request that fails with an error of this type, as in `ThrottlingException`. */
export function failure(type: string, message: string): Answer {
  const namespace = type === 'AccessDeniedException' ? 'com.amazon.coral.service' : 'com.amazonaws.dynamodb.v20120810'
  const body = Buffer.from(JSON.stringify({ __type: `${namespace}#${type}`, message }))
  // Server errors are the ones that AWS SDKs retry; throttling they know by its name.
  const status = type.startsWith('InternalServer') || type === 'ServiceUnavailable' ? 500 : 400
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body }
}

/** `ok`, or the type of the error. */
export function outcomeOf({ status, body }: Answer): string {
  if (status === 200) return 'ok'
  try {
    const { __type } = JSON.parse(body.toString()) as { readonly __type?: string }
    return __type?.split('#').at(-1) ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): void {
  // The checksum is that of DynamoDB Local's answer, from which the capacity may have been taken out.
  const { connection: _, 'transfer-encoding': __, 'x-amz-crc32': ___, ...rest } = headers
  response.writeHead(status, { ...rest, 'content-length': body.length }).end(body)
}
