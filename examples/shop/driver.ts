import { Agent, type IncomingMessage, request } from 'node:http'

/** The load: the same for both sides, drawn from one seed. */
export interface LoadOptions {
  readonly users: number
  readonly seconds: number
  readonly seed: number
  /** Requests of one user that may be under way at once. */
  readonly overlap: number
}

export interface Served {
  readonly latencyMs: number
  readonly isRead: boolean
  /** The user stays on one server. */
  readonly isSticky: boolean
  readonly session: 'kept' | 'handed over' | undefined
}

export interface LoadResult {
  readonly served: readonly Served[]
  readonly seconds: number
  readonly failed: number
  /** Items that a server acknowledged and no cart holds any more. */
  readonly lostUpdates: number
  /** Additions that failed without a word on whether they had landed. */
  readonly unknown: number
}

interface User {
  readonly index: number
  readonly isSticky: boolean
  cookie: string
  acknowledged: number
  unknown: number
}

const THINK_MS_MAX = 900

/** A small generator of random numbers from 0 to below 1: the same seed gives the same load. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Drives users with overlapping requests against the servers, then counts every cart against what was acknowledged.
 * Every other user stays on one server; the others go to any, request by request.
 */
export async function drive(origins: readonly string[], options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const served: Served[] = []
  let failed = 0

  const send = async (user: User, method: string, origin: string, path: string) => {
    const startedAt = performance.now()
    const answer = await exchange(agent, method, `${origin}${path}`, user.cookie)
    return { ...answer, latencyMs: performance.now() - startedAt }
  }

  const work = async (user: User, random: () => number, endsAt: number) => {
    while (performance.now() < endsAt) {
      const origin = pick(origins, user.isSticky ? user.index % origins.length : Math.floor(random() * origins.length))
      const kind = random()
      const isAdding = kind < 0.2
      const isRead = kind >= 0.3
      const path = isAdding ? '/cart/apple' : isRead ? (kind < 0.65 ? '/cart' : '/profile') : '/viewed/pear'
      const answer = await send(user, isRead ? 'GET' : 'POST', origin, path)
      if (answer.status === 200) {
        if (isAdding) user.acknowledged += 1
        served.push({ latencyMs: answer.latencyMs, isRead, isSticky: user.isSticky, session: answer.session })
      } else {
        failed += 1
        if (isAdding && answer.effect !== 'none') user.unknown += 1
      }
      await new Promise((resolve) => setTimeout(resolve, random() * THINK_MS_MAX))
    }
  }

  const users = Array.from(
    { length: options.users },
    (_, index): User => ({ index, isSticky: index % 2 === 0, cookie: '', acknowledged: 0, unknown: 0 }),
  )
  try {
    // Everybody has a session before the load begins: what is measured is its use, not its making.
    for (const user of users) user.cookie = (await send(user, 'GET', pick(origins, user.index), '/cart')).cookie
    const startedAt = performance.now()
    const workers = users.flatMap((user) =>
      Array.from({ length: options.overlap }, (_, worker) =>
        work(user, seeded(options.seed + user.index * 1_000 + worker), startedAt + options.seconds * 1_000),
      ),
    )
    await Promise.all(workers)
    const seconds = (performance.now() - startedAt) / 1_000
    let lostUpdates = 0
    for (const user of users) {
      const { body } = await send(user, 'GET', pick(origins, user.index), '/cart')
      const { cart } = JSON.parse(body) as { cart: readonly string[] }
      lostUpdates += Math.max(0, user.acknowledged - cart.length)
    }
    const unknown = users.reduce((sum, user) => sum + user.unknown, 0)
    return { served, seconds, failed, lostUpdates, unknown }
  } finally {
    agent.destroy()
  }
}

const pick = (origins: readonly string[], index: number): string => origins[index % origins.length] ?? ''

interface Answer {
  readonly status: number
  readonly body: string
  readonly cookie: string
  readonly session: Served['session']
  readonly effect: string | undefined
}

/** One request. A connection that breaks counts as a failure of unknown effect, as it does for a browser. */
function exchange(agent: Agent, method: string, url: string, cookie: string): Promise<Answer> {
  return new Promise((resolve) => {
    const broken = () => resolve({ status: 0, body: '', cookie, session: undefined, effect: 'unknown' })
    const sent = request(
      url,
      { agent, method, headers: cookie === '' ? {} : { cookie } },
      (response: IncomingMessage) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('error', broken)
        response.on('end', () => {
          const status = response.statusCode ?? 0
          const given = response.headers['set-cookie']?.[0]?.split(';')[0]
          const { 'x-session': session } = response.headers
          const effect = status === 200 ? undefined : effectOf(body)
          resolve({ status, body, cookie: given ?? cookie, session: session as Served['session'], effect })
        })
      },
    )
    sent.on('error', broken)
    sent.end()
  })
}

function effectOf(body: string): string {
  try {
    return (JSON.parse(body) as { effect?: string }).effect ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
