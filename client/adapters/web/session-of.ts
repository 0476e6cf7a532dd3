import type { Holdfast } from '../../holdfast-api.js'
import type { Client } from '../common/client.js'
import { tellOverstay } from '../common/overstay.js'
import type { CookieAttributes } from './cookie.js'
import { findSession } from './find-session.js'
import { type CookieSessionOptions, compileCookieSessionOptions, type WebLock } from './options.js'
import type { RequestContext } from './request-session.js'
import type { CookieSession, StateUnder } from './web-session.js'

/** Cookies of a request and its response, as `cookies()` of `next/headers` gives them. */
export interface CookieStore {
  get(name: string): { readonly value: string } | undefined
  set(name: string, value: string, attributes: CookieAttributes): unknown
}

/**
 * The session of a request whose cookies are an object, such as a server action of Next.js. It has the rules of
 * {@link withSession}, but its end is in your hands: `close()` commits and sets the cookie.
 *
 * The hazards:
 * - Without `close()` the changes are dropped. `redirect()` of Next.js throws: call `close()` before it.
 * - Without `await using`, or a `finally` that disposes of it, an error leaves the session locked until `maxHoldMs`.
 * - A second one in the same request waits for the first until `timeoutMs`: pass the session on instead.
 * - A server component cannot set cookies: use `lock: 'none'` or `'read'` there.
 *
 * @param cookies the cookies of this request.
 * @throws {InvalidArgumentError} for unknown or wrong options, {@link SessionReplacedError} where the session was destroyed
 * or moved less than 30 s ago, and as {@link HoldfastApi.open}.
 * @example
 * export async function addToCart(item: string) {
 *   'use server'
 *   await using session = await sessionOf(holdfast, options, await cookies())
 *   session.state.cart = [...(session.state.cart ?? []), item]
 *   await session.close()
 * }
 */
export async function sessionOf<S extends object, const L extends WebLock = 'write'>(
  holdfast: Holdfast<S>,
  options: CookieSessionOptions<L>,
  cookies: CookieStore,
): Promise<CookieSession<S, StateUnder<S, L>>> {
  const compiled = compileCookieSessionOptions(options)
  const client: Client = holdfast
  const context: RequestContext = {
    holdfast: client,
    options: compiled,
    lock: options.lock ?? 'write',
    client: undefined,
    overstayed: () => tellOverstay(client, `an action '${compiled.label}'`, compiled.maxHoldMs),
    setCookie: ({ name, value, attributes }) => void cookies.set(name, value, attributes),
  }
  const session = await findSession(context, compiled.cookie.idOf(cookies.get(compiled.cookie.name)?.value))
  return session as unknown as CookieSession<S, StateUnder<S, L>>
}
