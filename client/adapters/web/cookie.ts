import { parseCookie, stringifySetCookie } from 'cookie'
import { sign, unsign } from 'cookie-signature'
import { InvalidArgumentError } from '../../errors/index.js'
import { checkKeys, invalid, type Keys } from '../../options/check.js'

/** Options of the cookie that has a session's id. It is always HttpOnly. */
export interface CookieOptions {
  /**
   * Names with the prefixes `__Host-` and `__Secure-` must fit the other options.
   * @default - `__Host-session`; with a `domain` or another `path` `__Secure-session`, without `secure` `session`
   */
  readonly name?: string
  /** @default '/' */
  readonly path?: string
  /**
   * Sends the cookie to all hosts of this domain.
   *
   * The hazard: each of these hosts can set the cookie, and so give a visitor the session of somebody else.
   * @default - only to the host that set it
   */
  readonly domain?: string
  /**
   * Whether requests from other sites have the cookie. `none` needs a protection against forged requests.
   * @default 'lax'
   */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /**
   * Sends the cookie over HTTPS only. Browsers count `http://localhost` as that, except for Safari.
   * @default true
   */
  readonly secure?: boolean
  /**
   * Whether the browser keeps the cookie when it is closed. It then ends `session.ttlMs` after it was set, also while the
   * session goes on: `rolling` moves it.
   * @default false
   */
  readonly persistent?: boolean
}

/** The attributes of a cookie that is set, as `cookies().set` of Next.js takes them, too. */
export interface CookieAttributes {
  readonly httpOnly: true
  readonly path: string
  readonly sameSite: 'strict' | 'lax' | 'none'
  readonly secure: boolean
  readonly domain?: string
  /** In seconds. */
  readonly maxAge?: number
}

/** A cookie that is to be set. */
export interface NewCookie {
  readonly name: string
  readonly value: string
  readonly attributes: CookieAttributes
}

const KEYS: Keys<CookieOptions> = {
  name: true,
  path: true,
  domain: true,
  sameSite: true,
  secure: true,
  persistent: true,
}
const BASE_NAME = 'session'
const SAME_SITE: readonly unknown[] = ['strict', 'lax', 'none']
/** 256 bits in base64url. */
const ID = /^[\w-]{43}$/

/** The cookie of one application's sessions: its name, its attributes and its signature. */
export class SessionCookie {
  readonly name: string
  readonly isPersistent: boolean
  private readonly attributes: CookieAttributes
  readonly #secrets: readonly [string, ...string[]]

  /** Throws an InvalidArgumentError for options that do not fit together: a browser would drop the cookie in silence. */
  constructor(secrets: readonly [string, ...string[]], options: CookieOptions) {
    checkKeys(options, KEYS, "'cookie'")
    const { path = '/', domain, sameSite = 'lax', secure = true, persistent = false } = options
    if (typeof secure !== 'boolean') throw invalid('cookie.secure', 'a boolean', secure)
    if (typeof persistent !== 'boolean') throw invalid('cookie.persistent', 'a boolean', persistent)
    if (!SAME_SITE.includes(sameSite)) throw invalid('cookie.sameSite', "'strict', 'lax' or 'none'", sameSite)
    if (sameSite === 'none' && !secure) throw new InvalidArgumentError("'cookie.sameSite' none needs 'cookie.secure'")
    const mayBeHost = secure && path === '/' && domain === undefined
    this.name = options.name ?? `${mayBeHost ? '__Host-' : secure ? '__Secure-' : ''}${BASE_NAME}`
    this.isPersistent = persistent
    this.attributes = { httpOnly: true, path, sameSite, secure, ...(domain === undefined ? {} : { domain }) }
    this.#secrets = secrets
    checkPrefix(this.name, secure, mayBeHost)
    this.checkForm()
  }

  /** The id in a `Cookie` header. Undefined where there is none that this application has signed. */
  idIn(header: string | null): string | undefined {
    return header === null ? undefined : this.idOf(parseCookie(header)[this.name])
  }

  /** The id in the value of this cookie. */
  idOf(value: string | undefined): string | undefined {
    if (value === undefined) return undefined
    for (const secret of this.#secrets) {
      const id = unsign(value, secret)
      if (id !== false) return ID.test(id) ? id : undefined
    }
    return undefined
  }

  /** The cookie for a session that lives for so long without a use. */
  of(id: string, ttlMs: number): NewCookie {
    const maxAge = this.isPersistent ? { maxAge: Math.floor(ttlMs / 1_000) } : {}
    return { name: this.name, value: sign(id, this.#secrets[0]), attributes: { ...this.attributes, ...maxAge } }
  }

  /** A cookie that removes this one from the browser. */
  removal(): NewCookie {
    return { name: this.name, value: '', attributes: { ...this.attributes, maxAge: 0 } }
  }

  private checkForm(): void {
    try {
      toHeader(this.removal())
    } catch (cause) {
      throw new InvalidArgumentError(`'cookie' cannot be sent: ${(cause as Error).message}`, { cause })
    }
  }
}

/** The value of a `Set-Cookie` header. */
export const toHeader = ({ name, value, attributes }: NewCookie): string =>
  stringifySetCookie({ name, value, ...attributes })

function checkPrefix(name: unknown, isSecure: boolean, mayBeHost: boolean): void {
  if (typeof name !== 'string' || name === '') throw invalid('cookie.name', 'a string', name)
  // Browsers compare the prefixes without regard to case.
  const lower = name.toLowerCase()
  if (lower.startsWith('__host-') && !mayBeHost) {
    throw new InvalidArgumentError(
      `'cookie.name' ${name}: browsers take __Host- only with 'secure', with 'path' '/' and without 'domain'`,
    )
  }
  if (lower.startsWith('__secure-') && !isSecure) {
    throw new InvalidArgumentError(`'cookie.name' ${name}: browsers take __Secure- only with 'secure'`)
  }
}
