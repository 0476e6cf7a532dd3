import { setTimeout as pause } from 'node:timers/promises'
import { heapBytes } from '../../bench/measure.js'
import { createHoldfast, type Holdfast } from '../../client/index.js'
import { Random } from '../support/random.js'
import { Accesses, describe } from './accesses.js'
import { LISTS, type Memory, type Order, type Plan, type Report, type State } from './messages.js'
import { Provider } from './provider.js'
import { nowMs } from './timing.js'

/** The places that a server is asked for more often than for others, and how often. */
const HOME_PLACES = 3
const HOME_SHARE = 0.6

/**
 * One application server, in a process of its own that is made to be killed, frozen and cut off: tasks that use
 * sessions at random, and whatever else its parent orders.
 */
class Server {
  private readonly client: Holdfast<State>
  private readonly accesses: Accesses
  private readonly provider = new Provider({
    accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '',
    secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '',
  })
  private readonly sessions: string[]
  private readonly tasks: Promise<void>[] = []
  private isStopping = false

  constructor(private readonly plan: Plan) {
    const { name, namespace, sessions, options } = plan
    this.sessions = [...sessions]
    this.client = createHoldfast<State>({ namespace, label: name, credentials: this.provider.provide, ...options })
    this.client.on('granted', ({ session, epoch }) => void tell({ type: 'granted', sessionKey: session, epoch }))
    this.client.on('lost', ({ session, unwritten }) => {
      if (unwritten > 0) void tell({ type: 'lost', sessionKey: session, atMs: nowMs() })
    })
    this.accesses = new Accesses(name, this.client, tell)
  }

  start(): void {
    for (let task = 0; task < this.plan.tasks; task += 1) {
      this.tasks.push(this.task(new Random(this.plan.seed + task)))
    }
  }

  async carryOut(order: Order): Promise<unknown> {
    switch (order.type) {
      case 'turn':
        return this.turn(order.place, order.session)
      case 'append': {
        const { session, timeoutMs, workMs } = order
        return this.accesses.append([session], 'A', { timeoutMs, workMs, commits: false, durability: 'access' })
      }
      case 'peek':
        return this.accesses.peek(order.session, 'A')
      case 'provider':
        return this.provider.become(order.mode)
      case 'memory': {
        const heap = await heapBytes()
        return { heapBytes: heap, rssBytes: process.memoryUsage.rss() } satisfies Memory
      }
      case 'stop':
        this.isStopping = true
        await Promise.all(this.tasks)
        return undefined
      case 'close':
        await this.client.close()
        return undefined
    }
  }

  private async turn(place: number, session: string): Promise<void> {
    const old = this.sessions[place] as string
    this.sessions[place] = session
    await this.accesses.left(old)
  }

  private async task(random: Random): Promise<void> {
    while (!this.isStopping) {
      await pause(random.between(0, 2 * this.plan.pauseMs))
      // The access has reported its error; a server goes on.
      if (!this.isStopping) await this.access(random).catch(() => {})
    }
  }

  /** As behind a balancer that keeps most users with one server: there are sessions that all want, and quiet ones. */
  private pick(random: Random): string {
    const { sessions, plan } = this
    const place = random.chance(HOME_SHARE)
      ? (plan.index * HOME_PLACES + random.integer(0, HOME_PLACES - 1)) % sessions.length
      : random.skewed(sessions.length)
    return sessions[place] as string
  }

  private access(random: Random): Promise<unknown> {
    const { accesses } = this
    const session = this.pick(random)
    const other = this.pick(random)
    const list = random.pick(LISTS)
    const timeoutMs = random.chance(0.1) ? random.integer(200, 3_000) : 30_000
    if (random.chance(0.2)) return accesses.look(session, list, timeoutMs)
    if (random.chance(0.12)) return accesses.peek(session, list)
    const isMany = random.chance(0.03) && other !== session
    const isLong = random.chance(0.003)
    return accesses.append(isMany ? [session, other] : [session], list, {
      timeoutMs,
      // A long one takes more time than a holder has: it then fails, and its changes are not kept.
      workMs: isLong ? random.integer(1_000, 4_500) : random.chance(0.3) ? random.integer(1, 40) : 0,
      commits: random.chance(0.08),
      durability: random.chance(0.06) ? 'release' : 'access',
      ...(random.chance(0.03) ? { signal: AbortSignal.timeout(random.integer(1, 2_000)) } : {}),
    })
  }
}

/** Resolves when the system has the message: it then reaches the parent, whatever becomes of this process. */
function tell(report: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(report, undefined, {}, () => resolve())
  })
}

const server = new Server(JSON.parse(process.argv[2] ?? '{}') as Plan)
let isClosed = false
process.on('message', (order: Order & { readonly n: number }) => {
  void server.carryOut(order).then(
    async (value) => {
      await tell({ type: 'answer', n: order.n, value })
      if (order.type !== 'close') return
      isClosed = true
      process.disconnect()
    },
    (error) => tell({ type: 'answer', n: order.n, error: describe(error) }),
  )
})
process.on('disconnect', () => {
  // Once the client is closed nothing may keep this process alive; before, its parent has died.
  if (!isClosed) process.exit(1)
})
server.start()
void tell({ type: 'ready' })
