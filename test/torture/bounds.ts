import { median } from '../../bench/figures.js'
import type { LocalStack } from '../../local/index.js'
import { nudgePeriodMaxMs } from '../../protocol/timing.js'
import type { Random } from '../support/random.js'
import type { Places } from './places.js'
import type { ServerSlot } from './server-slot.js'
import { allServedMaxMs, HOLD_COST_MAX_MS, TIMING } from './timing.js'

/** A fault of a holder, and how it is undone. */
interface Scenario {
  readonly name: string
  /** Whether the holder must be a server that may be killed. */
  readonly isDeadly?: boolean
  /** Whether it is in the middle of an access. */
  readonly isAtWork?: boolean
  /** About the time that the waiter loses while the network is quick. */
  readonly usualMs: number
  readonly strike: (holder: ServerSlot, stack: LocalStack) => Promise<() => unknown>
}

const BOTH = ['toServer', 'toClient'] as const

/** A holder that renews no more: its lease runs out, and the next nudge takes the session from it. */
const SILENT_MS = TIMING.leaseMs + TIMING.storeMarginMs + nudgePeriodMaxMs(TIMING)
/** A holder that hears nothing goes on renewing until its own lease is over, and only then does SILENT_MS begin. */
const DEAF_MS = SILENT_MS + TIMING.leaseMs - TIMING.clientMarginMs
/** The second nudge is noted with the holder, whose next renewal tells it. */
const PUSHLESS_MS = 2 * nudgePeriodMaxMs(TIMING) + TIMING.leaseMs / 4

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'dead holder (killed)',
    usualMs: SILENT_MS,
    isDeadly: true,
    strike: async (holder) => {
      await holder.kill()
      return () => holder.start()
    },
  },
  {
    name: 'deaf holder (nothing from the gateway arrives)',
    usualMs: DEAF_MS,
    strike: async ({ gateway }) => {
      const end = gateway.trouble({ swallows: ['toClient'] })
      return () => {
        end()
        gateway.cutDeaf()
      }
    },
  },
  {
    name: 'frozen holder (stopped, at work)',
    usualMs: SILENT_MS,
    isAtWork: true,
    strike: async (holder) => {
      holder.freeze()
      return () => holder.thaw()
    },
  },
  {
    name: 'partitioned holder (from gateway and DynamoDB)',
    usualMs: SILENT_MS,
    strike: async ({ gateway, dynamodb }) => {
      const ends = [gateway, dynamodb].map((leg) => leg.trouble({ swallows: BOTH }))
      return () => {
        for (const end of ends) end()
        for (const leg of [gateway, dynamodb]) leg.cutDeaf()
      }
    },
  },
  {
    name: 'holder that no push reaches',
    usualMs: PUSHLESS_MS,
    strike: async (holder, stack) => {
      const ids = stack.gateway.connections().filter((one) => holder.isConnection(one))
      return stack.gateway.losePushes(({ connectionId }) => ids.some((one) => one.connectionId === connectionId))
    },
  },
]

const EVERYONE = 'everyone, when all faults have ended'
/** Longer than any scenario: the loss of the session ends the work earlier. */
const WORK_MS = 60_000

/** Measures how long others wait for a holder in trouble, against the bounds of docs/PROTOCOL.md. */
export class Bounds {
  private readonly waits = new Map<string, number[]>(
    [...SCENARIOS.map(({ name }) => name), EVERYONE].map((n) => [n, []]),
  )
  private readonly everyoneMaxMs: number

  constructor(
    private readonly stack: LocalStack,
    private readonly slots: readonly ServerSlot[],
    private readonly places: Places,
    private readonly random: Random,
    private readonly violate: (problem: string) => void,
  ) {
    this.everyoneMaxMs = allServedMaxMs(slots.length)
  }

  /** Every process gets one and the same session, one after the other. */
  async serveEveryone(): Promise<void> {
    const book = this.places.extra()
    await Promise.all(this.slots.map((slot) => this.await(EVERYONE, slot, book.session, this.everyoneMaxMs)))
    this.places.settle(book)
  }

  /** Each scenario once, as many at a time as there are pairs of processes that are well. */
  async measure(signal: AbortSignal): Promise<void> {
    const left = [...SCENARIOS]
    while (left.length > 0 && !signal.aborted) {
      await this.serveEveryone()
      const others = this.random.shuffled(this.slots)
      const keepers = others.filter(({ traits }) => traits.isKeeper)
      const pairs = left.splice(0, Math.min(others.length >> 1, keepers.length)).map((scenario) => {
        const fits = ({ traits }: ServerSlot) => traits.isMortal || scenario.isDeadly !== true
        const [holder] = keepers.splice(keepers.findIndex(fits), 1) as [ServerSlot]
        others.splice(others.indexOf(holder), 1)
        return { scenario, holder }
      })
      // At least as many others are left as there are pairs.
      await Promise.all(
        pairs.map(({ scenario, holder }, index) => this.play(scenario, holder, others[index] as ServerSlot)),
      )
    }
  }

  lines(): string[][] {
    const head = ['time until served', 'times', 'median', 'largest', 'usual', 'bound']
    const rows = [...this.waits].map(([name, waits]) => [
      name,
      String(waits.length),
      shown(median(waits)),
      shown(Math.max(...waits)),
      shown(SCENARIOS.find((scenario) => scenario.name === name)?.usualMs ?? Number.NaN),
      shown(this.boundOf(name)),
    ])
    return [head, ...rows]
  }

  /** The names of scenarios that were never measured. */
  missing(): string[] {
    return [...this.waits].flatMap(([name, { length }]) => (length === 0 ? [name] : []))
  }

  private boundOf(name: string): number {
    return name === EVERYONE ? this.everyoneMaxMs : HOLD_COST_MAX_MS
  }

  private async play(scenario: Scenario, holder: ServerSlot, waiter: ServerSlot): Promise<void> {
    const book = this.places.extra()
    const { session } = book
    const timeoutMs = HOLD_COST_MAX_MS
    let work: Promise<unknown> = Promise.resolve()
    try {
      await holder.ask({ type: 'append', session, timeoutMs, workMs: 0 })
      if (scenario.isAtWork === true) {
        const begun = holder.heard((report) => report.type === 'begun' && report.session === session)
        // It is lost while it is frozen, and fails: the ledger knows of it.
        work = holder.ask({ type: 'append', session, timeoutMs, workMs: WORK_MS }).catch(() => {})
        await begun
      }
      const end = await scenario.strike(holder, this.stack)
      await this.await(scenario.name, waiter, session, HOLD_COST_MAX_MS)
      await end()
      await work
    } catch (error) {
      this.violate(`${scenario.name}: ${(error as Error).message}`)
    }
    this.places.settle(book)
  }

  private async await(name: string, waiter: ServerSlot, session: string, boundMs: number): Promise<void> {
    try {
      const order = { type: 'append', session, timeoutMs: Math.ceil(boundMs), workMs: 0 } as const
      const waitedMs = (await waiter.ask(order)) as number
      this.waits.get(name)?.push(waitedMs)
      if (waitedMs > boundMs) this.violate(`${name}: ${waiter.name} waited ${waitedMs} ms, the bound is ${boundMs} ms`)
    } catch (error) {
      this.violate(`${name}: ${(error as Error).message}`)
    }
  }
}

const shown = (ms: number): string => (Number.isFinite(ms) ? `${Math.round(ms)} ms` : '-')
