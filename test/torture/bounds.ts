import { setTimeout as pause } from 'node:timers/promises'
import { median } from '../../bench/figures.js'
import type { LocalStack } from '../../local/index.js'
import type { Random } from '../support/random.js'
import type { Book } from './ledger.js'
import type { Order } from './messages.js'
import type { Places } from './places.js'
import { RECOVERIES, type Recovery } from './recoveries.js'
import { SCENARIOS, type Scenario } from './scenarios.js'
import type { OrderError, ServerSlot } from './server-slot.js'
import { allServedMaxMs, HOLD_COST_MAX_MS, nowMs } from './timing.js'

const EVERYONE = 'everyone, when all faults have ended'
/** Longer than any scenario: the loss of the session ends the work earlier. */
const WORK_MS = 60_000
/** Longer than one request, so that one that repeats it meets the same fault. */
const FAULT_MS = 2_500
const RETRY_MS = 200

interface Measure {
  readonly name: string
  readonly usualMs: number
  readonly boundMs: number
  /** Whether the holder must be a server that may be killed. */
  readonly isDeadly: boolean
  readonly play: (holder: ServerSlot, other: ServerSlot) => Promise<void>
}

/**
 * Measures, against the bounds of docs/internals/protocol.md, how long others wait for a holder in trouble, and how long a process
 * waits for what it used itself while it was in trouble.
 */
export class Bounds {
  private readonly measures: readonly Measure[] = [
    ...SCENARIOS.map((scenario) => ({
      name: scenario.name,
      usualMs: scenario.usualMs,
      boundMs: HOLD_COST_MAX_MS,
      isDeadly: scenario.isDeadly === true,
      play: (holder: ServerSlot, other: ServerSlot) => this.hold(scenario, holder, other),
    })),
    ...RECOVERIES.map((recovery) => ({
      name: recovery.name,
      usualMs: recovery.usualMs,
      boundMs: recovery.boundMs,
      isDeadly: false,
      play: (holder: ServerSlot, other: ServerSlot) => this.recover(recovery, holder, other),
    })),
  ]
  private readonly waits: ReadonlyMap<string, number[]> = new Map(
    [...this.measures.map(({ name }) => name), EVERYONE].map((name) => [name, []]),
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

  /** Each measure once, as many at a time as there are pairs of processes that are well. */
  async measure(signal: AbortSignal): Promise<void> {
    const left = [...this.measures]
    while (left.length > 0 && !signal.aborted) {
      await this.serveEveryone()
      const others = this.random.shuffled(this.slots)
      const keepers = others.filter(({ traits }) => traits.isKeeper)
      const pairs = left.splice(0, Math.min(others.length >> 1, keepers.length)).map((measure) => {
        const fits = ({ traits }: ServerSlot) => traits.isMortal || !measure.isDeadly
        const [holder] = keepers.splice(keepers.findIndex(fits), 1) as [ServerSlot]
        others.splice(others.indexOf(holder), 1)
        return { measure, holder }
      })
      // At least as many others are left as there are pairs.
      await Promise.all(pairs.map(({ measure, holder }, index) => measure.play(holder, others[index] as ServerSlot)))
    }
  }

  lines(): string[][] {
    const head = ['time until served', 'times', 'median', 'largest', 'usual', 'bound']
    const everyone = { name: EVERYONE, usualMs: Number.NaN, boundMs: this.everyoneMaxMs }
    const rows = [...this.measures, everyone].map(({ name, usualMs, boundMs }) => {
      const waits = this.waits.get(name) ?? []
      return [name, String(waits.length), ...[median(waits), Math.max(...waits), usualMs, boundMs].map(shown)]
    })
    return [head, ...rows]
  }

  /** The names of what was never measured. */
  missing(): string[] {
    return [...this.waits].flatMap(([name, { length }]) => (length === 0 ? [name] : []))
  }

  private async hold(scenario: Scenario, holder: ServerSlot, waiter: ServerSlot): Promise<void> {
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

  /** The holder loses no time with what it had, and gets what it had to ask for. */
  private async recover(recovery: Recovery, holder: ServerSlot, other: ServerSlot): Promise<void> {
    const { name, boundMs } = recovery
    const [kept, wanted] = [this.places.extra(), this.places.extra()]
    const append = ({ session }: Book) =>
      ({ type: 'append', session, timeoutMs: Math.ceil(HOLD_COST_MAX_MS), workMs: 0 }) as const
    try {
      await holder.ask(append(kept))
      await other.ask(append(wanted))
      const strikes = await recovery.strike(holder)
      const orders: Order[] = [append(kept), append(wanted), { type: 'peek', session: kept.session }]
      // They may fail: the ledger knows of it.
      const uses = orders.map((order) => holder.ask(order).catch(() => {}))
      await pause(FAULT_MS)
      await strikes?.end()
      if ((strikes?.struck() ?? 0) > 0) {
        await Promise.all([kept, wanted].map(({ session }) => this.await(name, holder, session, boundMs)))
      } else this.violate(`${name}: ${holder.name} did not meet the fault`)
      await Promise.all(uses)
    } catch (error) {
      this.violate(`${name}: ${(error as Error).message}`)
    }
    for (const book of [kept, wanted]) this.places.settle(book)
  }

  /** It asks again within the bound: a process that was out of reach for long fails fast, and says that it may pass. */
  private async await(name: string, waiter: ServerSlot, session: string, boundMs: number): Promise<void> {
    const startMs = nowMs()
    for (;;) {
      const earlierMs = nowMs() - startMs
      const timeoutMs = Math.max(1, Math.ceil(boundMs - earlierMs))
      try {
        const waitedMs = earlierMs + ((await waiter.ask({ type: 'append', session, timeoutMs, workMs: 0 })) as number)
        this.waits.get(name)?.push(waitedMs)
        if (waitedMs > boundMs) {
          this.violate(`${name}: ${waiter.name} waited ${waitedMs} ms, the bound is ${boundMs} ms`)
        }
        return
      } catch (error) {
        const { message, retryable } = error as OrderError
        const isOver = nowMs() - startMs + RETRY_MS >= boundMs
        if (!retryable || isOver) return this.violate(`${name}: ${message}`)
        await pause(RETRY_MS)
      }
    }
  }
}

const shown = (ms: number): string => (Number.isFinite(ms) ? `${Math.round(ms)} ms` : '-')
