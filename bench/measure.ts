import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { median } from './figures.js'

type Run = () => Promise<unknown>

const ALLOCATION_RUNS = 200
const ALLOCATION_ROUNDS = 9

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
