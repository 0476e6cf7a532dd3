import { sessionKey } from '../../../client/session/session-key.js'

const TIMEOUT_MS = 60_000

/** What a server says of a request: had it the session already? Or why it gave no good answer. */
interface Answer {
  readonly outcome: string
  readonly ms: number
}

/** Somebody who shops, with a cookie. */
export class Visitor {
  private cookie = ''

  /** The key of the session, or undefined before there is one. The id itself stays in the cookie. */
  get session(): string | undefined {
    const id = this.cookie.split('=')[1]
    return id === undefined || id === '' ? undefined : sessionKey('shop', id)
  }

  /** Puts something into the cart. A server that does not answer is no failure of the demo. */
  async add(origin: string, item: string): Promise<Answer> {
    const startMs = performance.now()
    const outcome = await this.ask(origin, item)
    return { outcome, ms: Math.round(performance.now() - startMs) }
  }

  private async ask(origin: string, item: string): Promise<string> {
    try {
      const response = await fetch(`${origin}/cart/${item}`, {
        method: 'POST',
        headers: { cookie: this.cookie },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
      const answer = (await response.json()) as { readonly error?: string }
      return answer.error ?? response.headers.get('x-session') ?? 'answered'
    } catch (error) {
      return error instanceof Error && error.name === 'TimeoutError' ? 'no answer' : 'broken connection'
    }
  }
}
