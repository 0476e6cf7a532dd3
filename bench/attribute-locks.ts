import { Mutex } from 'async-mutex'
import { createHoldfast } from '../client/index.js'
import { startLocalStack } from '../local/testing.js'

const ROUNDS = 5
const RUNS = 40_000
const HELD_SESSIONS = [1, 100, 1_000]

/** Runs per second of an asynchronous function, one after the other. */
async function rate(run: () => Promise<unknown>, runs: number): Promise<number> {
  const startedAt = performance.now()
  for (let index = 0; index < runs; index += 1) await run()
  return (runs * 1_000) / (performance.now() - startedAt)
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/**
 * An access to one attribute of a held session, locks, state and bookkeeping included, against the `runExclusive` of
 * async-mutex, which only locks. Both are measured in turns, after a warm-up; the figures are medians.
 */
export async function attributeLocks(): Promise<void> {
  const stack = await startLocalStack()
  const { config, credentials } = stack
  const holdfast = createHoldfast<{ [name: string]: number }>({ namespace: 'bench', config, credentials })
  try {
    for (const held of HELD_SESSIONS) {
      const ids = Array.from({ length: held }, (_, index) => `bench ${index}`)
      for (let from = 0; from < held; from += 50) {
        const some = ids.slice(from, from + 50)
        await Promise.all(
          some.map((id) => holdfast.access(id, 'all', ({ state }) => void Object.assign(state, { a: 1 }))),
        )
      }
      const mutexes = new Map(ids.map((id) => [id, { mutex: new Mutex(), value: 1 }]))
      let turn = 0
      const next = () => {
        turn += 1
        return ids[turn % held] as string
      }
      const access = () => holdfast.access(next(), { write: ['a'] }, ({ state }) => state.a)
      const exclusive = () => {
        const guarded = mutexes.get(next()) as { mutex: Mutex; value: number }
        return guarded.mutex.runExclusive(() => guarded.value)
      }
      const [ours, theirs] = [[] as number[], [] as number[]]
      for (let round = 0; round <= ROUNDS; round += 1) {
        const rates = [await rate(access, RUNS), await rate(exclusive, RUNS)] as const
        if (round === 0) continue
        ours.push(rates[0])
        theirs.push(rates[1])
      }
      const ratio = median(ours) / median(theirs)
      console.log(
        `${held} held sessions: ${Math.round(median(ours))} accesses/s, async-mutex ${Math.round(median(theirs))}/s, ` +
          `ratio ${ratio.toFixed(2)}`,
      )
    }
  } finally {
    await holdfast.close()
    await stack.stop()
  }
}
