import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { PRESIGNED_LIFE_MS_MAX, SIGNATURE_SKEW_MS } from '../gateway/aws-limits.js'
import type { Principal, Principals } from './principals.js'

/** A request as it was received. Nothing is decoded, since the signature covers the bytes that were sent. */
export interface SignedRequest {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

/** A request is not signed as AWS requires. `type` is AWS's code of the error. */
export class SignatureError extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message)
  }
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/** The signature of a request, with the facts that it was made of, from its headers or its URL. */
interface Claim {
  readonly credential: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly date: string
  readonly lifeMs: number
  readonly token: string | undefined
  /** The query without the signature itself. */
  readonly query: readonly (readonly [string, string])[]
}

/** Finds the signer of this request by computing the signature again. Throws a {@link SignatureError}. */
export function verifySignature(
  request: SignedRequest,
  principals: Principals,
  service: string,
  region: string,
  nowMs: number,
): Principal {
  const claim = readClaim(request)
  const [accessKeyId = '', day = '', claimedRegion, claimedService, end] = claim.credential.split('/')
  const principal = principals.find(accessKeyId)
  if (principal === undefined || principal.credentials.sessionToken !== claim.token) {
    throw new SignatureError('UnrecognizedClientException', 'The security token included in the request is invalid.')
  }
  checkDate(claim, day, nowMs)
  if (claimedRegion !== region) throw mismatch(`Credential should be scoped to a valid region, not '${claimedRegion}'.`)
  if (claimedService !== service || end !== 'aws4_request') {
    throw mismatch(`Credential should be scoped to correct service: '${service}'.`)
  }
  if (!claim.signedHeaders.includes('host')) throw mismatch("'Host' must be a 'SignedHeader' in the AWS Authorization.")
  const scope = `${day}/${region}/${service}/aws4_request`
  const hash = sha256(canonicalRequest(request, claim))
  const key = signingKey(principal.credentials.secretAccessKey, day, region, service)
  const expected = hmac(key, `${ALGORITHM}\n${claim.date}\n${scope}\n${hash}`)
  const received = Buffer.from(claim.signature, 'hex')
  if (received.length !== expected.length || !timingSafeEqual(received, expected)) throw mismatch(MISMATCH)
  return principal
}

const mismatch = (message: string) => new SignatureError('InvalidSignatureException', message)

function readClaim({ url, headers }: SignedRequest): Claim {
  const query = parseQuery(url)
  const authorization = headers.authorization
  if (authorization !== undefined) {
    const field = (name: string) => new RegExp(`${name}=([^, ]+)`).exec(authorization)?.[1]
    const [credential, signed, signature] = ['Credential', 'SignedHeaders', 'Signature'].map(field)
    const date = headers['x-amz-date']
    const isComplete = authorization.startsWith(`${ALGORITHM} `) && credential && signed && signature
    if (!isComplete || typeof date !== 'string') {
      throw new SignatureError('IncompleteSignatureException', 'Authorization header or x-amz-date is incomplete.')
    }
    const token = headers['x-amz-security-token']?.toString()
    return { credential, signedHeaders: signed.split(';'), signature, date, lifeMs: SIGNATURE_SKEW_MS, token, query }
  }
  const field = (name: string) => query.find(([key]) => key === name)?.[1]
  const [credential, signed, signature, date] = ['Credential', 'SignedHeaders', 'Signature', 'Date'].map((name) =>
    field(`X-Amz-${name}`),
  )
  if (field('X-Amz-Algorithm') !== ALGORITHM || !credential || !signed || !signature || !date) {
    throw new SignatureError('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const lifeMs = Math.min(Number(field('X-Amz-Expires') ?? 0) * 1000, PRESIGNED_LIFE_MS_MAX)
  const unsigned = query.filter(([key]) => key !== 'X-Amz-Signature')
  const token = field('X-Amz-Security-Token')
  return { credential, signedHeaders: signed.split(';'), signature, date, lifeMs, token, query: unsigned }
}

function checkDate({ date, lifeMs }: Claim, day: string, nowMs: number): void {
  const [, y, m, d, hours, minutes, seconds] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? []
  const signedMs = Date.parse(`${y}-${m}-${d}T${hours}:${minutes}:${seconds}Z`)
  if (Number.isNaN(signedMs) || !date.startsWith(day))
    throw mismatch(`Date in Credential scope does not match ${date}.`)
  const now = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
  if (!(nowMs <= signedMs + lifeMs)) throw mismatch(`Signature expired: ${date} is now too far before ${now}.`)
  if (nowMs < signedMs - SIGNATURE_SKEW_MS)
    throw mismatch(`Signature not yet current: ${date} is still later than ${now}.`)
}

function canonicalRequest({ method, url, headers, body }: SignedRequest, claim: Claim): string {
  const [path = '/'] = url.split('?')
  const query = claim.query
    .map(([key, value]) => [encode(key), encode(value)] as const)
    .sort((a, b) => compare(a[0], b[0]) || compare(a[1], b[1]))
    .map(([key, value]) => `${key}=${value}`)
    .join('&')
  const lines = claim.signedHeaders.map((name) => `${name}:${headerValue(headers, name)}\n`)
  // The sender has encoded the path once. It is encoded once more for the signature, as for all services but S3.
  const canonicalPath = path.split('/').map(encode).join('/')
  return [method, canonicalPath, query, lines.join(''), claim.signedHeaders.join(';'), payloadHash(headers, body)].join(
    '\n',
  )
}

function headerValue(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  if (value === undefined) throw mismatch(MISMATCH)
  return (Array.isArray(value) ? value.join(',') : value).trim().replace(/\s+/g, ' ')
}

function payloadHash(headers: IncomingHttpHeaders, body: Uint8Array): string {
  const actual = sha256(body)
  const claimed = headers['x-amz-content-sha256']
  if (claimed === 'UNSIGNED-PAYLOAD') return claimed
  if (claimed !== undefined && claimed !== actual) throw mismatch(MISMATCH)
  return actual
}

function parseQuery(url: string): (readonly [string, string])[] {
  const start = url.indexOf('?')
  if (start < 0) return []
  const parts = url
    .slice(start + 1)
    .split('&')
    .filter((part) => part !== '')
  try {
    return parts.map((part) => {
      const [key = '', ...value] = part.split('=')
      return [decodeURIComponent(key), decodeURIComponent(value.join('='))] as const
    })
  } catch {
    throw mismatch(MISMATCH)
  }
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest()

const SIGNING_KEYS_MAX = 100
const signingKeys = new Map<string, Buffer>()

/** A key is valid for a day. It is cached, because deriving it takes half the time of a verification. */
function signingKey(secret: string, day: string, region: string, service: string): Buffer {
  const id = [secret, day, region, service].join('\n')
  const known = signingKeys.get(id)
  if (known !== undefined) return known
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, day), region), service), 'aws4_request')
  if (signingKeys.size >= SIGNING_KEYS_MAX) signingKeys.clear()
  signingKeys.set(id, key)
  return key
}
