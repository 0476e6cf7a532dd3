import { type Call, exchange, keepAliveAgent } from '../demo/exchange.js'

/** How many adds of each kind one visitor makes. */
export const CART_ADDS = 200
export const NOTE_ADDS = 40
/** Before the measured ones, by another visitor, so that no side is measured while its processes warm up. */
const WARM_UP_ADDS = 40

/** The fate of a visitor's adds, all under way at once. */
export interface Fate {
  readonly acknowledged: number
  /** Answered with 409: refused, and to be tried again. */
  readonly conflicts: number
  /** Any other answer. */
  readonly failed: number
  /** Acknowledged, and there in the end. */
  readonly kept: number
  /** Acknowledged, and gone in the end: another request wrote over it. */
  readonly overwritten: number
  /** There although refused, or there more than once. */
  readonly unexplained: number
  readonly wholeMs: number
  readonly latenciesMs: readonly number[]
}

interface Kept {
  readonly items: readonly string[]
  readonly notes: readonly string[]
}

interface Made {
  readonly name: string
  readonly status: number
  readonly latencyMs: number
}

/** One visitor with one cookie, whose requests go to the servers in turn. */
class Visitor {
  private readonly agent = keepAliveAgent()
  private cookie = ''

  constructor(private readonly origins: readonly string[]) {}

  /** Makes the session, on the first server. */
  async arrive(): Promise<void> {
    const { status, cookie } = await this.send(0, { method: 'POST', path: '/cart/first' })
    if (status !== 200 || cookie === '') throw new Error(`a visitor was not let in: status ${status}`)
    this.cookie = cookie
  }

  /** Adds 0 to `count` - 1, all at once. */
  async add(path: string, count: number): Promise<{ readonly made: readonly Made[]; readonly wholeMs: number }> {
    const startedAt = performance.now()
    const one = async (index: number): Promise<Made> => {
      const { status } = await this.send(index, { method: 'POST', path: `${path}/${index}` })
      return { name: String(index), status, latencyMs: performance.now() - startedAt }
    }
    const made = await Promise.all(Array.from({ length: count }, (_, index) => one(index)))
    return { made, wholeMs: performance.now() - startedAt }
  }

  async kept(): Promise<Kept> {
    const { status, body } = await this.send(0, { method: 'GET', path: '/kept' })
    if (status !== 200) throw new Error(`a session could not be read in the end: status ${status}`)
    return JSON.parse(body) as Kept
  }

  leave(): void {
    this.agent.destroy()
  }

  private send(index: number, call: Call) {
    return exchange(this.agent, this.origins[index % this.origins.length] ?? '', call, this.cookie)
  }
}

async function withVisitor<T>(origins: readonly string[], visit: (visitor: Visitor) => Promise<T>): Promise<T> {
  const visitor = new Visitor(origins)
  try {
    await visitor.arrive()
    return await visit(visitor)
  } finally {
    visitor.leave()
  }
}

/** All adds of one visitor to one cart, which is one attribute. */
export async function addToCart(origins: readonly string[]): Promise<Fate> {
  await withVisitor(origins, (visitor) => visitor.add('/cart', WARM_UP_ADDS))
  return withVisitor(origins, async (visitor) => {
    const { made, wholeMs } = await visitor.add('/cart', CART_ADDS)
    const { items } = await visitor.kept()
    return fateOf(
      made,
      wholeMs,
      items.filter((item) => item !== 'first'),
    )
  })
}

/** Adds of one visitor to an attribute each. */
export const addNotes = (origins: readonly string[]): Promise<Fate> =>
  withVisitor(origins, async (visitor) => {
    const { made, wholeMs } = await visitor.add('/notes', NOTE_ADDS)
    return fateOf(made, wholeMs, (await visitor.kept()).notes)
  })

function fateOf(made: readonly Made[], wholeMs: number, found: readonly string[]): Fate {
  const acknowledged = new Set(made.filter(({ status }) => status === 200).map(({ name }) => name))
  const conflicts = made.filter(({ status }) => status === 409).length
  const kept = new Set(found.filter((name) => acknowledged.has(name))).size
  return {
    acknowledged: acknowledged.size,
    conflicts,
    failed: made.length - acknowledged.size - conflicts,
    kept,
    overwritten: acknowledged.size - kept,
    unexplained: found.length - kept,
    wholeMs,
    latenciesMs: made.map(({ latencyMs }) => latencyMs),
  }
}
