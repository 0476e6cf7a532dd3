import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { median } from './figures.js'

type Run = () => Promise<unknown>

const ALLOCATION_RUNS = 200
const ALLOCATION_ROUNDS = 9

/** The medians of two sides that ran in turns. */
export interface Duel {
  readonly oursPerSecond: number
  readonly theirsPerSecond: number
  readonly ratio: number
}

/**
 * Lets two sides run in turns. The medians are over the rounds, that of the ratio as well: other work of the machine
 * slows down both sides of a round.
 */
export async function duel(ours: Run, theirs: Run, runs: number, rounds: number): Promise<Duel> {
  const measured: { readonly ours: number; readonly theirs: number }[] = []
  const warmUpRounds = Math.ceil(rounds / 4)
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    // Timers, such as that of the lease, run between rounds.
    await new Promise((resolve) => setImmediate(resolve))
    const both = { ours: await rate(ours, runs), theirs: await rate(theirs, runs) }
    if (round >= 0) measured.push(both)
  }
  return {
    oursPerSecond: median(measured.map((both) => both.ours)),
    theirsPerSecond: median(measured.map((both) => both.theirs)),
    ratio: median(measured.map((both) => both.ours / both.theirs)),
  }
}

/** Runs per second of an asynchronous function, one after the other. */
async function rate(run: Run, runs: number): Promise<number> {
  const startedAt = performance.now()
  for (let index = 0; index < runs; index += 1) await run()
  return (runs * 1_000) / (performance.now() - startedAt)
}

/** How many turns of the microtask queue pass before a run's promise has called its listeners. */
export async function microtasks(run: Run): Promise<number> {
  const end = { isReached: false }
  let turns = 0
  void run().then(() => {
    end.isReached = true
  })
  for (; !end.isReached; turns += 1) await Promise.resolve()
  return turns
}

/** Bytes of heap that one run takes, garbage included. So few runs at once that no collection comes between. */
export async function allocation(run: Run): Promise<number> {
  const collect = garbageCollector()
  const bytes: number[] = []
  for (let round = 0; round < ALLOCATION_ROUNDS; round += 1) {
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < ALLOCATION_RUNS; index += 1) await run()
    bytes.push((process.memoryUsage().heapUsed - before) / ALLOCATION_RUNS)
  }
  return median(bytes)
}

/** Bytes of heap in use, garbage collected. */
export async function heapBytes(): Promise<number> {
  const collect = garbageCollector()
  // The second turn collects the memory that finalizers and resolved promises let go in the first.
  for (let turn = 0; turn < 2; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return process.memoryUsage().heapUsed
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
