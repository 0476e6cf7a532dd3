import { Mutex } from 'async-mutex'
import type { Holdfast } from '../client/holdfast.js'
import { grouped, table } from './figures.js'
import { allocation, duel, microtasks } from './measure.js'
import { BenchStore, hold, KEPT, WHAT_RUNS } from './store.js'

const HELD_SESSIONS = [1, 100, 1_000, 10_000, 100_000]
const ATTRIBUTES = [10, 100, 1_000]
const RUNS = 5_000
const ROUNDS = 41

type State = { [name: string]: number }

const EXPLANATION = `${WHAT_RUNS}
An access locks one attribute of a held session for writing, reads it, and ends: locks, state and bookkeeping included.
async-mutex: runExclusive on one of as many mutexes in a Map, which reads the same number. Both take one lock after the
other, in the same random order, in turns of ${grouped(RUNS)}; the figures are medians of ${ROUNDS} turns after a warm-up.`

/** One access to an attribute of a held session against async-mutex's `runExclusive`, and how flat its rate is. */
export async function attributeLocks(): Promise<void> {
  console.log(EXPLANATION)
  const lines = [['held sessions', 'attributes of each', 'accesses/s', 'async-mutex/s', 'ratio']]
  for (const sessions of HELD_SESSIONS) lines.push(await measure(sessions, 1))
  for (const attributes of ATTRIBUTES) lines.push(await measure(1, attributes))
  console.log(`\n${table(lines)}\n`)
  await costs()
}

async function measure(sessions: number, attributes: number): Promise<string[]> {
  return withClient(sessions, attributes, async (ours, theirs) => {
    const { oursPerSecond, theirsPerSecond, ratio } = await duel(ours, theirs, RUNS, ROUNDS)
    return [grouped(sessions), grouped(attributes), grouped(oursPerSecond), grouped(theirsPerSecond), ratio.toFixed(2)]
  })
}

/** The costs of one run that do not depend on the machine. */
async function costs(): Promise<void> {
  const lines = await withClient(1, 1, async (ours, theirs) => {
    const row = async (label: string, cost: (run: () => Promise<unknown>) => Promise<number>) => [
      label,
      grouped(await cost(ours)),
      grouped(await cost(theirs)),
    ]
    return [
      ['of one run', 'access', 'async-mutex'],
      await row('microtask turns until it is resolved', microtasks),
      await row('bytes of heap taken, garbage included', allocation),
    ]
  })
  console.log(table(lines))
}

type Run = () => Promise<number | undefined>

/** Holds the sessions, and makes as many mutexes as there are attributes in all. */
async function withClient<T>(
  sessions: number,
  attributes: number,
  use: (ours: Run, theirs: Run) => Promise<T>,
): Promise<T> {
  const client: Holdfast<State> = new BenchStore().client<State>({ heldSessionsMax: sessions, ...KEPT })
  try {
    const ids = Array.from({ length: sessions }, (_, index) => `session ${index}`)
    const names = Array.from({ length: attributes }, (_, index) => `a${index}`)
    await hold(client, ids, () => Object.fromEntries(names.map((name) => [name, 1])))
    const pairs = shuffled(ids.flatMap((id) => names.map((name) => ({ id, name, lock: `${id}.${name}` }))))
    const mutexes = new Map(pairs.map(({ lock }) => [lock, { mutex: new Mutex(), value: 1 }]))
    const turns = { ours: 0, theirs: 0 }
    const next = (side: 'ours' | 'theirs') => {
      turns[side] = (turns[side] + 1) % pairs.length
      return pairs[turns[side]] as (typeof pairs)[number]
    }
    const ours = () => {
      const { id, name } = next('ours')
      return client.access(id, { write: [name] }, ({ state }) => state[name])
    }
    const theirs = () => {
      const guarded = mutexes.get(next('theirs').lock) as { mutex: Mutex; value: number }
      return guarded.mutex.runExclusive(() => guarded.value)
    }
    return await use(ours, theirs)
  } finally {
    await client.close()
  }
}

/** The same order in every run of the benchmark. */
function shuffled<T>(items: T[]): readonly T[] {
  let seed = 1
  for (let last = items.length - 1; last > 0; last -= 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    const other = seed % (last + 1)
    ;[items[last], items[other]] = [items[other] as T, items[last] as T]
  }
  return items
}
