import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
import { Failure } from '../failure.js'
import { DEMO_PAUSE_MAX_MS, DEMO_REQUEST_TIMEOUT_MS, DEMO_REQUESTS_AT_ONCE, DEMO_VISITORS } from '../limits.js'
import { pause } from '../view/pause.js'
import { percentile, Times } from '../view/times.js'
import type { Answer, Refusal, Side } from './orders.js'

const ID_BYTES = 32

/** What became of the requests of one visitor, or of all. */
interface Fate {
  /** Items that a server has said to be in the cart. */
  readonly acknowledged: number
  /** Requests that failed. */
  readonly failed: number
  /** Of these, those that may have added their item all the same. */
  readonly unknown: number
  /** Items in the carts in the end. */
  readonly found: number
  readonly lost: number
}

/** All requests of one side. */
export interface Outcome extends Fate {
  readonly side: Side
  readonly seconds: number
  /** Requests whose server had the session, and half of them took no longer than this. */
  readonly kept: number
  readonly keptP50Ms: number | null
  /** The same of requests that had to wait for their session. */
  readonly waited: number
  readonly waitedP50Ms: number | null
}

interface Cart {
  readonly id: string
  acknowledged: number
  failed: number
  unknown: number
}

/**
 * Visitors with a session each. Every page makes several requests at once, and each request adds an item. The requests
 * of the first visitor go to all servers in turn, those of the others to one server each.
 */
export class Visitors {
  private readonly carts: readonly Cart[]
  /** Its own: that of Node.js, and fetch, may go through a proxy, which does not reach this machine. */
  private readonly agent = new Agent({ keepAlive: true })
  private readonly times = { kept: new Times(), waited: new Times() }

  constructor(
    private readonly side: Side,
    private readonly origins: readonly string[],
  ) {
    this.carts = Array.from({ length: DEMO_VISITORS }, () => ({
      id: randomBytes(ID_BYTES).toString('base64url'),
      acknowledged: 0,
      failed: 0,
      unknown: 0,
    }))
  }

  /** The id of the session that all servers want. */
  get contended(): string {
    return this.carts[0]?.id ?? ''
  }

  get acknowledged(): number {
    return this.carts.reduce((sum, cart) => sum + cart.acknowledged, 0)
  }

  /** Until so many seconds have passed, or `ended`. The requests under way are answered; then it looks into the carts. */
  async run(seconds: number, ended: AbortSignal): Promise<Outcome> {
    const startMs = performance.now()
    const untilMs = startMs + seconds * 1_000
    await Promise.all(this.carts.map((cart, index) => this.browse(cart, index, untilMs, ended)))
    const tookSeconds = (performance.now() - startMs) / 1_000
    const looks = this.carts.map(({ id }, index) => this.look(id, index))
    const found = await Promise.all(looks).finally(() => this.agent.destroy())
    const fates = this.carts.map((cart, index) => fateOf(cart, found[index] ?? 0))
    const sum = (of: (fate: Fate) => number) => fates.reduce((total, fate) => total + of(fate), 0)
    const { kept, waited } = this.times
    return {
      side: this.side,
      seconds: tookSeconds,
      acknowledged: sum((fate) => fate.acknowledged),
      failed: sum((fate) => fate.failed),
      unknown: sum((fate) => fate.unknown),
      found: sum((fate) => fate.found),
      lost: sum((fate) => fate.lost),
      kept: kept.count,
      keptP50Ms: median(kept),
      waited: waited.count,
      waitedP50Ms: median(waited),
    }
  }

  private async browse(cart: Cart, index: number, untilMs: number, ended: AbortSignal): Promise<void> {
    const { origins } = this
    const requests = Array.from({ length: DEMO_REQUESTS_AT_ONCE }, (_, place) => place)
    while (performance.now() < untilMs && !ended.aborted) {
      const page = requests.map((place) => this.add(cart, origins[(index === 0 ? place : index) % origins.length]))
      await Promise.all(page)
      const pauseMs = Math.min(Math.random() * DEMO_PAUSE_MAX_MS, Math.max(0, untilMs - performance.now()))
      await pause(pauseMs, ended)
    }
  }

  private async add(cart: Cart, origin = ''): Promise<void> {
    const startMs = performance.now()
    try {
      const answer = await this.send('POST', cart.id, origin)
      if ('items' in answer) {
        cart.acknowledged += 1
        this.times[answer.isKept ? 'kept' : 'waited'].add(performance.now() - startMs)
        return
      }
      if (answer.effect !== 'none') cart.unknown += 1
    } catch {
      // No answer: the connection broke, or it took too long.
      cart.unknown += 1
    }
    cart.failed += 1
  }

  /** On the visitor's own server, so that a session that has stayed there stays. A cart that cannot be read is not empty. */
  private async look(id: string, index: number): Promise<number> {
    let problem: string | undefined
    try {
      const answer = await this.send('GET', id, this.origins[index % this.origins.length] ?? '')
      if ('items' in answer) return answer.items
      problem = answer.error
    } catch (error) {
      problem = (error as Error).message
    }
    const reason = `what is in a cart cannot be read, so nothing can be counted: ${problem}`
    throw new Failure('CART_UNREAD', reason, 'A server, or the stack, has stopped. Run it again.')
  }

  private async send(method: 'GET' | 'POST', id: string, origin: string): Promise<Answer | Refusal> {
    const signal = AbortSignal.timeout(DEMO_REQUEST_TIMEOUT_MS)
    const { agent } = this
    const sent = request(`${origin}/${this.side}`, {
      method,
      agent,
      headers: { cookie: `session=${id}` },
      signal,
    }).end()
    // A failure after the response has begun is that of its body, too.
    sent.on('error', () => {})
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    return (await json(response)) as Answer | Refusal
  }
}

/** A lock promises that every update that was acknowledged is there, and once. Returns how that was broken. */
export function brokenPromise(outcomes: readonly Outcome[]): Failure | undefined {
  const broken = outcomes.find(
    ({ side, acknowledged, unknown, found, lost }) =>
      side === 'holdfast' && (lost > 0 || found > acknowledged + unknown),
  )
  return (
    broken &&
    new Failure(
      'UPDATE_LOST',
      `${broken.acknowledged} updates were acknowledged under a lock, ${broken.found} are there`,
      'This is a bug of Holdfast: please report it, with the versions of Node.js and of the package.',
    )
  )
}

const fateOf = ({ acknowledged, failed, unknown }: Cart, found: number): Fate => ({
  acknowledged,
  failed,
  unknown,
  found,
  lost: Math.max(0, acknowledged - found),
})

const median = ({ count, kept }: Times): number | null =>
  count === 0 ? null : Math.round(percentile(kept, 50) * 10) / 10
