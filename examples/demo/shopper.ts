import type { Agent } from 'node:http'
import { type Answer, type Call, exchange } from './exchange.js'

/** A request that a visitor might make. `item`: the request adds this item to the cart. */
interface Wish extends Call {
  readonly isRead: boolean
  readonly item?: string
}

const add = (item: string): Wish => ({ method: 'POST', path: `/cart/${item}`, isRead: false, item })
const note = (item: string): Wish => ({ method: 'POST', path: `/viewed/${item}`, isRead: false })
const rename = (name: string): Wish => ({
  method: 'PUT',
  path: '/profile',
  body: JSON.stringify({ name }),
  isRead: false,
})
const look = (path: string) => (): Wish => ({ method: 'GET', path, isRead: true })

/** The requests of a visitor: seven of ten only look. A page that adds an item also notes it as viewed, at once. */
const MIX: readonly (readonly [share: number, wishes: readonly ((item: string) => Wish)[]])[] = [
  [0.15, [add, note]],
  [0.04, [note]],
  [0.01, [rename]],
  [0.4, [look('/cart')]],
  [0.3, [look('/profile')]],
  [0.1, [look('/session')]],
]

export interface Visit {
  readonly answer: Answer
  readonly isRead: boolean
  readonly latencyMs: number
}

/** The fate of one shopper's additions to the cart, item by item. */
export interface Audit {
  /** Acknowledged by a server, and in the cart no more. */
  readonly lost: number
  /** Failed, and nobody could say whether they had landed. */
  readonly unknown: number
  /** In the cart although they were refused without effect, or in it more than once. */
  readonly unexplained: number
}

/** A visitor who remembers all that the servers acknowledged to him. */
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

  /** Does one thing, as the random number generator has it: a request, or two at once. */
  visit(random: () => number): Promise<readonly Visit[]> {
    this.made += 1
    const item = `item-${this.index}-${this.made}`
    const wishes = drawn(random()).map((wish) => wish(item))
    return Promise.all(wishes.map((wish) => this.send(wish, random)))
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

  private async send({ isRead, item, ...call }: Wish, random: () => number): Promise<Visit> {
    const origin = this.isSticky ? this.home : this.originAt(Math.floor(random() * this.origins.length))
    const startedAt = performance.now()
    const answer = await exchange(this.agent, origin, call, this.cookie)
    const latencyMs = performance.now() - startedAt
    if (item !== undefined && answer.status === 200) this.acknowledged.add(item)
    if (item !== undefined && answer.effect === 'unknown') this.unknown.add(item)
    return { answer, isRead, latencyMs }
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

function drawn(point: number): readonly ((item: string) => Wish)[] {
  let sum = 0
  for (const [share, wishes] of MIX) {
    sum += share
    if (point < sum) return wishes
  }
  return [look('/cart')]
}
