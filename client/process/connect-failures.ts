import type { ConnectFailure } from '../ports.js'

/** Why a connection could not be opened, in the words of the settings. */

/** API Gateway answers 403 to everything that it does not let in. */
const FORBIDDEN_HINT =
  ". Check the URL (the API's id, region and stage), the credentials, their right to 'execute-api:Invoke' (a policy " +
  'that was attached seconds ago may not count yet), the clock, and whether this network has a VPC endpoint for ' +
  'execute-api with private DNS, which answers in place of public APIs'

/** AWS's name for an error, from the header `x-amzn-ErrorType`. */
export const errorName = (header: string | string[] | undefined): string | undefined =>
  /^\w{1,64}/.exec(String(header ?? ''))?.[0]

/** A server answers the handshake with an HTTP status. `name` is AWS's name for the error. */
export function refusedFailure(url: URL, status: number, name: string | undefined): ConnectFailure {
  const answer = name === undefined ? status : `${status} (${name})`
  const hint = status === 403 ? FORBIDDEN_HINT : ''
  // Errors of the server go away by themselves.
  const isPassing = status >= 500 || status === 408
  const kind = status === 429 ? 'throttled' : isPassing ? 'passing' : 'setting'
  return {
    message: `${url.host}${url.pathname} refused the connection with status ${answer}${hint}`,
    kind,
  }
}

/** There is no such server, or its certificate is not accepted. A server that is down may come back. */
const WRONG_SERVER = /^(ENOTFOUND|EPROTO|CERT_|DEPTH_ZERO_|ERR_SSL_|ERR_TLS_|SELF_SIGNED_|UNABLE_TO_)/

export function unreachedFailure(url: URL, cause: Error): ConnectFailure {
  const { code } = cause as { readonly code?: unknown }
  const kind = WRONG_SERVER.test(String(code)) ? 'setting' : 'passing'
  return { message: `cannot reach ${url.host}: ${cause.message}`, kind, cause }
}

/** A provider of credentials may fail with anything, also with a secret: only an Error is shown. */
export function signingFailure(reason: unknown): ConnectFailure {
  const isError = reason instanceof Error
  const shown = isError ? reason.message : `their provider failed with no Error, but with ${typeof reason}`
  const message = `no AWS credentials to sign the connection with: ${shown}`
  return { message, kind: 'passing', ...(isError ? { cause: reason } : {}) }
}
