import { getEventListeners } from 'node:events'
import { contentsOf } from '../support/contents.js'
import { leftIn } from '../support/leftovers.js'
import { settle, World } from '../support/world.js'
import { type Census, takeCensus } from './census.js'
import { forgetRecords, type State, Uses } from './uses.js'

/**
 * Uses so many ids through real clients in the virtual world, and prints a line of JSON after each quarter. Started by
 * scripts/soak.mjs.
 */

/** What is there when all is given back. */
export interface Quarter {
  readonly ids: number
  readonly heapBytes: number
  readonly census: Census
  readonly timers: number
  /** In one of the functions. */
  readonly remembered: number
  /** All that should not be there. */
  readonly left: readonly string[]
}

const TOGETHER = 50
const WITHIN_MS = 60_000
/** So many batches apart, a connection is cut; a client is out of reach until its lease is over; a thread comes and goes. */
const CUT_EVERY = 2
const LOSE_EVERY = 15
const WORK_EVERY = 3

const ids = Number(process.argv[2])
const world = new World()
const options = { heldSessionsMax: TOGETHER, timeoutMs: WITHIN_MS / 2 }
const clients = [world.client<State>(options), world.client<State>(options)] as const
const uses = new Uses(...clients)

async function runQuarter(first: number, count: number): Promise<void> {
  for (let done = 0, batch = 0; done < count; done += TOGETHER, batch += 1) {
    const size = Math.min(TOGETHER, count - done)
    await world.finish(
      Promise.all(Array.from({ length: size }, (_, index) => uses.use(first + done + index))),
      WITHIN_MS,
    )
    if (batch % WORK_EVERY === 0) await world.finish(uses.work(first + done), WITHIN_MS)
    if (batch % CUT_EVERY === 0) world.cutConnections()
    if (batch % LOSE_EVERY === 0) await loseLeases()
    for (const noted of Object.values(world.traffic)) noted.length = 0
    world.logs.length = 0
  }
}

async function loseLeases(): Promise<void> {
  world.refuseConnections()
  await world.clock.advance(2 * world.timing.leaseMs)
  world.acceptConnections()
  await world.finish(Promise.all(clients.map((client) => client.peek('anybody'))))
}

async function measure(idsSoFar: number): Promise<Quarter> {
  await world.finish(Promise.all(clients.map((client) => client.releaseUnused())), WITHIN_MS)
  await world.clock.advance(WITHIN_MS)
  forgetRecords(world)
  for (const noted of Object.values(world.traffic)) noted.length = 0
  for (let turn = 0; turn < 3; turn += 1) await settle()
  const listeners = getEventListeners(uses.shutdown.signal, 'abort').length
  const left = clients.flatMap((client) => leftIn(client))
  if (listeners > 0) left.push(`the signal of the application has ${listeners} listeners`)
  if (world.clock.awaited > 0) left.push(`${world.clock.awaited} timers keep the process alive`)
  const { functions } = world as unknown as { readonly functions: object }
  const { containers } = contentsOf(functions, (value) => value === world.memory)
  const census = takeCensus()
  globalThis.gc?.()
  return {
    ids: idsSoFar,
    heapBytes: process.memoryUsage().heapUsed,
    census,
    timers: world.clock.pending,
    remembered: [...containers.values()].reduce((sum, size) => sum + size, 0),
    left,
  }
}

for (let quarter = 1; quarter <= 4; quarter += 1) {
  const from = Math.round((ids * (quarter - 1)) / 4)
  const until = Math.round((ids * quarter) / 4)
  await runQuarter(from, until - from)
  console.log(JSON.stringify(await measure(until)))
}
await world.close()
