import { setImmediate as turn } from 'node:timers/promises'
import { createHoldfast } from '../../client/create.js'
import type { HoldfastError } from '../../client/errors/index.js'
import { BENCH_TTL_MS, BENCH_TURN_MS, BENCH_WAIT_MS } from '../limits.js'
import { Epochs } from '../processes/epochs.js'
import { obey } from '../processes/obey.js'
import { CREDENTIALS, type Handoff, type Order, type Taken, type Work } from './orders.js'
import { Pace, Tally } from './tally.js'

type Start = Extract<Order, { readonly do: 'start' }>
type Part = Extract<Order, { readonly do: 'kept' | 'commit' }>
type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

interface Counted {
  count: number
}

interface Seen extends Handoff {
  /** The whole access. */
  readonly ms: number
}

/** One process of `bench`: a client of the stack, which does what it is told. */
class Worker {
  private readonly holdfast
  private readonly epochs = new Epochs()
  private isEnded = false

  constructor({ config, namespace, label }: Start, credentials: (() => Promise<Credentials>) | undefined) {
    this.holdfast = createHoldfast<Counted>({
      config,
      namespace,
      label,
      ttlMs: BENCH_TTL_MS,
      timeoutMs: BENCH_WAIT_MS,
      holdPolicy: 'untilRevoked',
      ...(credentials === undefined ? {} : { credentials }),
    })
  }

  async obey(order: Exclude<Order, Start>): Promise<Work | Handoff | Taken | undefined> {
    switch (order.do) {
      case 'take':
        return this.take(order.ids)
      case 'kept':
        return this.kept(order)
      case 'commit':
        return this.commits(order)
      case 'handoff':
        return this.read(order.id)
      case 'end':
        this.isEnded = true
        return undefined
    }
  }

  close(): Promise<void> {
    return this.holdfast.close()
  }

  private async take(ids: readonly string[]): Promise<Taken> {
    const results = await Promise.allSettled(ids.map((id) => this.commit(id)))
    const errors = results.map((result) =>
      result.status === 'rejected' ? (result.reason as HoldfastError) : undefined,
    )
    const failed = errors.find((error) => error !== undefined)
    return {
      made: ids.filter((_, index) => errors[index]?.effect !== 'none'),
      problem: failed && { code: failed.code, message: failed.message },
    }
  }

  /** One after the other: they need nobody, so several at once would only wait for each other. */
  private async kept({ ids, ms }: Part): Promise<Work> {
    const tally = new Tally()
    const startMs = performance.now()
    let turnMs = startMs
    for (let index = 0; !this.isEnded && performance.now() - startMs < ms; index += 1) {
      await this.measure(tally, () => this.read(ids[index % ids.length] ?? ''))
      if (performance.now() - turnMs < BENCH_TURN_MS) continue
      await turn()
      turnMs = performance.now()
    }
    return tally.work()
  }

  /** On each session one after the other, on all of them at once. */
  private async commits({ ids, ms, perSecondMax }: Part): Promise<Work> {
    const tally = new Tally()
    const loop = async (id: string) => {
      const pace = new Pace(perSecondMax / ids.length, ms, () => this.isEnded)
      while (await pace.next()) await this.measure(tally, () => this.commit(id))
    }
    await Promise.all(ids.map(loop))
    return tally.work()
  }

  /** An access that had to wait for its session is no measure of one that had it. */
  private async measure(tally: Tally, access: () => Promise<Seen>): Promise<void> {
    try {
      const { isHandoff, ms } = await access()
      if (!isHandoff) tally.add(ms)
    } catch (error) {
      await tally.failed(error)
    }
  }

  private read(id: string): Promise<Seen> {
    return this.see(id, (begun) => this.holdfast.access(id, { read: ['count'] }, ({ epoch }) => begun(epoch)))
  }

  private commit(id: string): Promise<Seen> {
    return this.see(id, (begun) =>
      this.holdfast.access(id, { write: ['count'] }, ({ epoch, state }) => {
        begun(epoch)
        state.count = (state.count ?? 0) + 1
      }),
    )
  }

  private async see(id: string, access: (begun: (epoch: number) => void) => Promise<void>): Promise<Seen> {
    const isKept = this.epochs.begin(id)
    const startMs = performance.now()
    let seen: Handoff | undefined
    await access((epoch) => {
      seen = { isHandoff: !isKept(epoch), waitedMs: performance.now() - startMs }
    })
    return { isHandoff: false, waitedMs: 0, ...seen, ms: performance.now() - startMs }
  }
}

export function runWorker(): void {
  let worker: Worker | undefined
  const parent = obey(
    (given) => {
      const order = given as Order
      if (order.do !== 'start') return worker?.obey(order)
      const credentials = async () => (await parent.ask(CREDENTIALS)) as Credentials
      worker = new Worker(order, order.asksCredentials ? credentials : undefined)
      return undefined
    },
    async () => worker?.close(),
  )
}
