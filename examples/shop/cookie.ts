import type { Request, Response } from 'express'

/** The cookie that tells whose session a request is for. Its id is a secret: anybody who knows it has the session. */
const NAME = 'shop-session'
// Behind TLS, add `secure: true`.
const OPTIONS = { httpOnly: true, sameSite: 'lax' } as const

/** The session id that a request came with. Anybody may have made it up: it need not be the id of any session. */
export const sessionIdIn = ({ headers }: Request): string | undefined =>
  /(?:^|;\s*)shop-session=([\w-]{43})(?:;|$)/.exec(headers.cookie ?? '')?.[1]

export const giveSessionId = (response: Response, id: string): Response => response.cookie(NAME, id, OPTIONS)

export const takeSessionId = (response: Response): Response => response.clearCookie(NAME, OPTIONS)
