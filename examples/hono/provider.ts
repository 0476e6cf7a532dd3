import { setTimeout as pause } from 'node:timers/promises'

/** What an identity provider gives at login, and at each refresh. */
export interface Tokens {
  readonly access: string
  readonly refresh: string
  readonly endsAt: Date
}

const ACCESS_MS = 300_000
const ANSWER_MS = 20

/** In place of the answer of a login page: the first access token is for the first refresh to get. */
export const firstTokens = (): Tokens => ({ access: '', refresh: 'refresh-0', endsAt: new Date(0) })

/**
 * In place of a request to the provider. A real one takes each refresh token once: it logs the user out when one is sent
 * again, as by a second request that had read the same session.
 */
export async function refresh(token: string): Promise<Tokens> {
  await pause(ANSWER_MS)
  const count = Number(token.split('-')[1]) + 1
  return { access: `access-${count}`, refresh: `refresh-${count}`, endsAt: new Date(Date.now() + ACCESS_MS) }
}
