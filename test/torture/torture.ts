import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { heapBytes } from '../../bench/measure.js'
import { type LocalStack, startLocalStack } from '../../local/index.js'
import { Random } from '../support/random.js'
import { Bounds } from './bounds.js'
import { Storm } from './faults.js'
import { Judge } from './judge.js'
import { Ledger } from './ledger.js'
import { leftovers, queues } from './leftovers.js'
import { MemoryLog } from './memory.js'
import type { Report } from './messages.js'
import { Places } from './places.js'
import { TcpProxy } from './proxy.js'
import { ServerSlot } from './server-slot.js'
import { Tally } from './tally.js'
import { COMPLETE_FROM_MINUTES, MORE_MAX_MS, nowMs, TIMING } from './timing.js'

export interface TortureOptions {
  readonly minutes: number
  readonly seed: number
  readonly processes: number
  /** Breaks the run off; everything is ended all the same. */
  readonly signal: AbortSignal
  readonly onProgress: (line: string) => void
}

const NAMESPACE = 'torture'
/** Never killed, so that their memory can be watched. */
const IMMORTAL = 2
/** Few: each that waits asks again and again, and the one gateway here would soon do nothing else. */
const TASKS = 6
const PAUSE_MS = 100
const STORM_MS = 20_000
/** Samples of memory in a run: enough for medians, few enough to cost nothing. */
const SAMPLES = 200
const SAMPLE_EVERY_MS_MIN = 3_000

/** A mistake in a function, or a request of it that had no bound: Lambda then ends it. */
const WRONG_IN_A_FUNCTION = /\b(Type|Range|Reference|Syntax)Error\b|\btask timed out\b/

/**
 * Every other process that may be killed holds sessions in a way of its own, in turns; the rest keep them. One that keeps
 * none sends its messages over HTTPS, as in Lambda.
 */
const HOLDING = [
  { idleReleaseMs: 1_000 },
  { heldSessionsMax: 3 },
  { holdPolicy: 'perAccess', transport: 'https' },
] as const
const holdingOf = (index: number): object | undefined =>
  index > IMMORTAL && index % 2 === 1 ? HOLDING[((index - IMMORTAL - 1) / 2) % HOLDING.length] : undefined

/** One run: rounds of random faults, each followed by a calm in which everyone must be served and bounds are measured. */
export class Torture {
  readonly tally: Tally
  readonly memory = new MemoryLog()
  private readonly random: Random
  private readonly ledger: Ledger
  private readonly functions = new TcpProxy()
  private readonly slots: ServerSlot[] = []
  private stack: LocalStack | undefined
  private folder = ''
  private judge: Judge | undefined
  private isEnding = false

  constructor(private readonly options: TortureOptions) {
    this.tally = new Tally(options.onProgress)
    this.random = new Random(options.seed)
    this.ledger = new Ledger(NAMESPACE, this.violate)
  }

  storm: Storm | undefined
  bounds: Bounds | undefined

  async run(): Promise<void> {
    // An order that waits for a server then fails.
    this.options.signal.addEventListener('abort', () => {
      for (const slot of this.slots) void slot.end()
    })
    try {
      await this.set()
      await this.rounds()
      if (!this.options.signal.aborted) await this.end()
    } finally {
      await this.clear()
    }
  }

  private readonly violate = (problem: string): void => {
    if (!this.options.signal.aborted) this.tally.violate(problem)
  }

  private async set(): Promise<void> {
    const { seed, processes, signal } = this.options
    this.folder = await mkdtemp(join(tmpdir(), 'holdfast-torture-'))
    await this.functions.start()
    const stack = await startLocalStack({
      dataDir: this.folder,
      environment: { HOLDFAST_TIMING: JSON.stringify(TIMING) },
      functionsDynamoDbEndpoint: `http://127.0.0.1:${this.functions.port}`,
      onLog: ({ text }) => {
        if (WRONG_IN_A_FUNCTION.test(text)) this.violate(`a function wrote: ${text}`)
      },
    })
    this.stack = stack
    this.functions.target = Number(new URL(stack.config.dynamoDbEndpoint).port)
    const { ledger, slots, violate, random } = this
    const places = new Places(`seed ${seed}`, ledger, slots)
    const reported = (by: string, report: Report) => {
      this.tally.note(report)
      const book = ledger.note(by, report)
      if (book !== undefined && !this.isEnding) places.noticed(book)
    }
    const events = { reported, died: (by: string) => this.tally.untold(ledger.died(by)), violated: violate }
    for (let index = 1; index <= processes; index += 1) {
      const planOf = (life: number) => ({
        index,
        seed: seed * 1_000_000 + index * 10_000 + life * 10,
        namespace: NAMESPACE,
        sessions: places.sessions,
        tasks: TASKS,
        pauseMs: PAUSE_MS,
        options: holdingOf(index) ?? {},
      })
      const traits = { isMortal: index > IMMORTAL, isKeeper: holdingOf(index) === undefined }
      slots.push(new ServerSlot(stack, `server-${index}`, traits, planOf, events))
    }
    this.judge = new Judge(stack, NAMESPACE, ledger, processes + 1, violate, signal)
    places.judge = this.judge
    this.places = places
    this.storm = new Storm({ stack, slots, functions: this.functions, violate }, random)
    this.bounds = new Bounds(stack, slots, places, random, violate)
    for (const slot of slots) {
      await slot.openProxies()
      await slot.start()
    }
  }

  private places: Places | undefined

  private get isIncomplete(): boolean {
    return (this.storm?.missing.length ?? 0) > 0
  }

  private async rounds(): Promise<void> {
    const { minutes, signal, onProgress } = this.options
    const startMs = nowMs()
    const endMs = startMs + minutes * 60_000
    const everyMs = Math.max(SAMPLE_EVERY_MS_MIN, (minutes * 60_000) / SAMPLES)
    const sampling = setInterval(() => void this.sample(), everyMs)
    try {
      // On a slow machine some kind of fault has not had its turn by then.
      const isDue = () =>
        nowMs() < endMs || (minutes >= COMPLETE_FROM_MINUTES && this.isIncomplete && nowMs() < endMs + MORE_MAX_MS)
      for (let round = 1; isDue() && !signal.aborted; round += 1) {
        await this.storm?.rage(STORM_MS, signal)
        await this.bounds?.measure(signal)
        onProgress(`round ${round}, after ${Math.round((nowMs() - startMs) / 1_000)} s: ${this.progress()}`)
      }
    } finally {
      clearInterval(sampling)
    }
  }

  /** When the faults are over for good: everyone is served, everything comes to an end, and nothing is left. */
  private async end(): Promise<void> {
    const { slots, judge, violate } = this
    await this.bounds?.serveEveryone()
    this.isEnding = true
    await Promise.all(slots.map((slot) => slot.ask({ type: 'stop' }).catch(({ message }: Error) => violate(message))))
    await this.places?.settleAll()
    await Promise.all(slots.map((slot) => slot.close()))
    await judge?.close()
    for (const problem of await queues(this.stack as LocalStack)) violate(problem)
  }

  private async clear(): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.end()))
    await this.judge?.close()
    await Promise.all([this.functions, ...this.slots].map((one) => ('stop' in one ? one.stop() : one.closeProxies())))
    await this.stack?.stop()
    for (const problem of await leftovers(this.folder)) this.tally.violate(problem)
    await rm(this.folder, { recursive: true, force: true })
  }

  private progress(): string {
    const { tally, judge, storm } = this
    const faults = [...(storm?.counts.values() ?? [])].reduce((sum, { times }) => sum + times, 0)
    return `${tally.accesses} accesses, ${judge?.settled} sessions settled, ${faults} faults, ${tally.violations} violations`
  }

  private async sample(): Promise<void> {
    const watched = this.slots.filter(({ traits }) => !traits.isMortal)
    // A process may be gone by now.
    const samples = watched.map(async (slot) => this.memory.add(slot.name, await slot.memory())).map(quietly)
    // In this process: the gateway, the functions' threads (in the RSS alone), and the run's own bookkeeping.
    this.memory.add('gateway', { heapBytes: await heapBytes(), rssBytes: process.memoryUsage.rss() })
    await Promise.all(samples)
  }
}

const quietly = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => {})
