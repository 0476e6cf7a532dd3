import type { Agent } from 'node:http'
import { type Answer, type Call, exchange } from './exchange.js'

/** One request to the shop that a visitor might make. `item` is what it adds to the cart, if it adds. */
interface Wish extends Call {
  readonly isRead: boolean
  readonly item?: string
}

/** What visitors do: seven requests of ten look, three change something, two of those the cart. */
const MIX: readonly (readonly [share: number, wish: (item: string) => Wish])[] = [
  [0.2, (item) => ({ method: 'POST', path: `/cart/${item}`, isRead: false, item })],
  [0.08, (item) => ({ method: 'POST', path: `/viewed/${item}`, isRead: false })],
  [0.02, (item) => ({ method: 'PUT', path: '/profile', body: JSON.stringify({ name: item }), isRead: false })],
  [0.35, () => ({ method: 'GET', path: '/cart', isRead: true })],
  [0.25, () => ({ method: 'GET', path: '/profile', isRead: true })],
  [0.1, () => ({ method: 'GET', path: '/session', isRead: true })],
]

export interface Visit {
  readonly answer: Answer
  readonly isRead: boolean
  readonly latencyMs: number
}

/** What became of one shopper's additions to the cart, item by item. */
export interface Audit {
  /** Acknowledged by a server, and in the cart no more. */
  readonly lost: number
  /** Failed, and nobody could say whether they had landed. */
  readonly unknown: number
  /** In the cart although they were refused without effect, or in it more than once. */
  readonly unexplained: number
}

/** A visitor who knows what every server acknowledged to him. */
export class Shopper {
  private cookie = ''
  private made = 0
  private readonly acknowledged = new Set<string>()
  private readonly unknown = new Set<string>()

  constructor(
    private readonly agent: Agent,
    readonly index: number,
    private readonly origins: readonly string[],
    /** Stays on one server, as behind a load balancer with affinity. Others go to any, request by request. */
    readonly isSticky: boolean,
  ) {}

  /** Comes to the shop and is given a session. */
  async arrive(): Promise<void> {
    const { status, cookie } = await this.look()
    if (status !== 200 || cookie === '') throw new Error(`a visitor was not let in: status ${status}`)
    this.cookie = cookie
  }

  /** Makes one request, as the random number generator has it. */
  async visit(random: () => number): Promise<Visit> {
    const origin = this.isSticky ? this.home : this.originAt(Math.floor(random() * this.origins.length))
    this.made += 1
    const { isRead, item, ...call } = drawn(random(), `item-${this.index}-${this.made}`)
    const startedAt = performance.now()
    const answer = await exchange(this.agent, origin, call, this.cookie)
    const latencyMs = performance.now() - startedAt
    if (item !== undefined && answer.status === 200) this.acknowledged.add(item)
    if (item !== undefined && answer.effect === 'unknown') this.unknown.add(item)
    return { answer, isRead, latencyMs }
  }

  /** Looks into the cart and compares. */
  async audit(): Promise<Audit> {
    const { status, body } = await this.look()
    if (status !== 200) throw new Error(`a cart could not be read in the end: status ${status}`)
    const { cart } = JSON.parse(body) as { readonly cart: readonly string[] }
    const found = new Set(cart)
    const explained = cart.filter((item) => this.acknowledged.has(item) || this.unknown.has(item))
    return {
      lost: [...this.acknowledged].filter((item) => !found.has(item)).length,
      unknown: this.unknown.size,
      unexplained: cart.length - new Set(explained).size,
    }
  }

  private look(): Promise<Answer> {
    return exchange(this.agent, this.home, { method: 'GET', path: '/cart' }, this.cookie)
  }

  private get home(): string {
    return this.originAt(this.index)
  }

  private originAt(index: number): string {
    return this.origins[index % this.origins.length] ?? ''
  }
}

function drawn(point: number, item: string): Wish {
  let sum = 0
  for (const [share, wish] of MIX) {
    sum += share
    if (point < sum) return wish(item)
  }
  return { method: 'GET', path: '/cart', isRead: true }
}
