import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { keepAliveAgent } from './exchange.js'
import { type Audit, Shopper, type Visit } from './shopper.js'

/** The load: the same for every side, drawn from one seed. */
export interface LoadOptions {
  readonly users: number
  /** Windows that each user browses in at once. */
  readonly overlap: number
  readonly seconds: number
  /** Time before the measured time, so that no side is measured while the machine warms up. */
  readonly warmUpSeconds: number
  readonly seed: number
}

/** A measured request. */
export interface Served extends Visit {
  readonly isSticky: boolean
}

export interface LoadResult extends Audit {
  readonly served: readonly Served[]
  readonly seconds: number
  readonly failed: number
}

/** Between two actions of one window of a user. */
const THINK_MS_MAX = 1_500

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

/** Users with overlapping requests against several servers. Two of three stay on one server, the third hops. */
export class Load {
  /** Requests made so far, for the live display. */
  made = 0
  private readonly agent = keepAliveAgent()
  private readonly shoppers: readonly Shopper[]
  private served: Served[] = []
  private failed = 0

  constructor(
    origins: readonly string[],
    private readonly options: LoadOptions,
    private readonly signal: AbortSignal,
  ) {
    // One for each window of each user.
    setMaxListeners(options.users * options.overlap + 1, signal)
    this.shoppers = Array.from(
      { length: options.users },
      // As many of each kind on every server: the kind changes with every round over the servers.
      (_, index) => new Shopper(this.agent, index, origins, Math.floor(index / origins.length) % 3 !== 1),
    )
  }

  /** Runs to the end. `measuring` is called, and awaited by nobody, when the warm-up is over, `measured` at the end. */
  async run(measuring: () => void, measured: () => void): Promise<LoadResult> {
    const { warmUpSeconds, seconds } = this.options
    try {
      // Everybody has a session before the load begins: the use of sessions is measured, not their creation.
      for (const shopper of this.shoppers) await shopper.arrive()
      await this.drive(warmUpSeconds, 0)
      this.served = []
      this.failed = 0
      measuring()
      const startedAt = performance.now()
      await this.drive(seconds, 1)
      const tookSeconds = (performance.now() - startedAt) / 1_000
      measured()
      const audits = await Promise.all(this.shoppers.map((shopper) => shopper.audit()))
      const sum = (of: (audit: Audit) => number) => audits.reduce((total, audit) => total + of(audit), 0)
      return {
        served: this.served,
        failed: this.failed,
        seconds: tookSeconds,
        lost: sum(({ lost }) => lost),
        unknown: sum(({ unknown }) => unknown),
        unexplained: sum(({ unexplained }) => unexplained),
      }
    } finally {
      this.agent.destroy()
    }
  }

  private async drive(seconds: number, round: number): Promise<void> {
    const { seed, overlap, users } = this.options
    const endsAt = performance.now() + seconds * 1_000
    const windows = this.shoppers.flatMap((shopper) =>
      Array.from({ length: overlap }, (_, window) => {
        const random = seeded(seed + ((round * users + shopper.index) * overlap + window))
        return this.browse(shopper, random, endsAt)
      }),
    )
    await Promise.all(windows)
  }

  /** One window of a user's browser: a pause, a page, and so on. */
  private async browse(shopper: Shopper, random: () => number, endsAt: number): Promise<void> {
    for (;;) {
      await pause(random() * THINK_MS_MAX, undefined, { signal: this.signal })
      if (performance.now() >= endsAt) return
      for (const visit of await shopper.visit(random)) {
        this.made += 1
        if (visit.answer.status === 200) this.served.push({ ...visit, isSticky: shopper.isSticky })
        else this.failed += 1
      }
    }
  }
}
