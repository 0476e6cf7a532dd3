import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Every answer has these. The page loads nothing from elsewhere, runs no inline script, and is shown in no frame. */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
} as const

const TOKEN_BYTES = 24

interface GuardedRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
}

/** Why a request is refused; or the path behind the token. */
type Verdict =
  | { readonly refused: 'host' | 'origin' | 'token' }
  | { readonly path: string; readonly of: 'page' | 'application' }

/**
 * Only a browser that was given the address may see the page. Any page in the same browser can send requests to this port, under
 * any name that it makes resolve to 127.0.0.1. So the name of the host, the origin and the token are checked.
 */
export class Guard {
  readonly token = randomBytes(TOKEN_BYTES).toString('base64url')
  /** With this token an application may say what it locks, and do nothing else. */
  readonly applicationToken = randomBytes(TOKEN_BYTES).toString('base64url')
  private readonly digest = sha256(this.token)
  private readonly applicationDigest = sha256(this.applicationToken)

  /** `port`: the one that is listened on. */
  check({ method, url = '/', headers }: GuardedRequest, port: number): Verdict {
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
    const { host, origin, 'sec-fetch-site': site } = headers
    if (host === undefined || !hosts.includes(host)) return { refused: 'host' }
    const [, token = '', ...rest] = (url.split('?', 1)[0] ?? '').split('/')
    // Compared as hashes, so that the time tells neither the length nor the first characters.
    const [digest, path] = [sha256(token), rest.join('/')]
    if (timingSafeEqual(digest, this.applicationDigest)) {
      // An application is no browser: whatever a browser posts has an origin.
      return origin === undefined && site === undefined ? { path, of: 'application' } : { refused: 'origin' }
    }
    // A command always has an origin; a request for a page has none.
    if (origin === undefined ? method !== 'GET' : origin !== `http://${host}`) return { refused: 'origin' }
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return { refused: 'origin' }
    if (!timingSafeEqual(digest, this.digest)) return { refused: 'token' }
    return { path, of: 'page' }
  }
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
