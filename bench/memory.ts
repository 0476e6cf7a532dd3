import { grouped, table } from './figures.js'
import { heapBytes } from './measure.js'
import { BenchStore, hold, KEPT, WHAT_RUNS } from './store.js'

const HELD_SESSIONS = [1_000, 10_000, 100_000]

type State = { [name: string]: string | number | string[] }

/** A small shop's session. Each is of strings of its own, as if it had come over the network. */
const small = (index: number): State => ({
  cart: [`item ${index}-1`, `item ${index}-2`, `item ${index}-3`, `item ${index}-4`],
  profile: `user ${index}, ${'x'.repeat(90)}`,
  visits: index,
})
const empty = (): State => ({})

const EXPLANATION = `${WHAT_RUNS}
Heap in use with the sessions held, less what is left when the client has closed and the store's records have not,
each time after a garbage collection: what is counted is the client's alone. The sessions were written once, by one
access each.`

/** Bytes of heap that a held session costs its client. */
export async function memory(): Promise<void> {
  console.log(EXPLANATION)
  // A first round of each, so that compiled code counts for nobody.
  for (const make of [small, empty]) await bytesPerSession(1_000, make)
  const head = ['held sessions', 'state of each, as DynamoDB counts', 'heap per session', 'with no attribute']
  const lines = [head]
  for (const sessions of HELD_SESSIONS) {
    const [full, bare] = [await bytesPerSession(sessions, small), await bytesPerSession(sessions, empty)]
    lines.push([
      grouped(sessions),
      `${full.stateBytes} B, 3 attributes`,
      `${grouped(full.heap)} B`,
      `${grouped(bare.heap)} B`,
    ])
  }
  console.log(`\n${table(lines)}`)
}

async function bytesPerSession(
  sessions: number,
  make: (index: number) => State,
): Promise<{ readonly heap: number; readonly stateBytes: number }> {
  const store = new BenchStore()
  const held = await withClient(store, sessions, make)
  const closed = await heapBytes()
  return { heap: (held - closed) / sessions, stateBytes: Math.round(store.stateBytes() / sessions) }
}

/** Returns the bytes of heap in use while the sessions are held. Nothing of the client outlives this call. */
async function withClient(store: BenchStore, sessions: number, make: (index: number) => State): Promise<number> {
  const client = store.client<State>({ heldSessionsMax: sessions, ...KEPT })
  try {
    const ids = Array.from({ length: sessions }, (_, index) => `session ${index}`)
    await hold(client, ids, make)
    ids.length = 0
    return await heapBytes()
  } finally {
    await client.close()
  }
}
