import type { Consumption, SleepingHour } from '../../inspector/costs/consumption.js'
import { World } from '../../test/support/world.js'

interface Counted {
  count: number
}

const ACCESSES = 100
const HOUR_MS = 3_600_000
/** More than an access takes in virtual time. */
const ACCESS_MS_MAX = 10_000

/** What Holdfast takes of AWS, counted on the real client and handlers: all items are small enough for one unit. */
export interface CountedConsumption {
  /** An access that changes a session which its process holds. */
  readonly kept: Consumption
  /** The same for a session that another process holds and does not use. */
  readonly handedOver: Consumption
  /** An hour of a process that holds a session and does nothing. */
  readonly idleHour: Consumption
  /** An hour of a process that sleeps, since it has held nothing for long. */
  readonly sleepingHour: SleepingHour
}

class CountingWorld extends World {
  opened = 0

  override opening(): void {
    this.opened += 1
  }
}

export async function countConsumption(): Promise<CountedConsumption> {
  const world = new CountingWorld()
  const total = count(world)
  const clients = [0, 1].map(() => world.client<Counted>({ idleReleaseMs: HOUR_MS }))
  const access = (client: number, id = 'session') => {
    const add = ({ state }: { readonly state: { count?: number } }) => {
      state.count = (state.count ?? 0) + 1
    }
    return finish(world, clients[client]?.access(id, { write: ['count'] }, add))
  }
  await access(0)
  await access(1)
  const kept = await each(total, () => access(1))
  const handedOver = await each(total, (turn) => access(turn % 2))
  // Each holds one, so that none sleeps.
  for (const client of clients.keys()) await access(client, `session of ${client}`)
  const before = total()
  await world.clock.advance(HOUR_MS)
  const idleHour = scaled(since(total(), before), 1 / clients.length)
  // By then nothing is held any more.
  await world.clock.advance(HOUR_MS)
  const asleep = { total: total(), connections: world.opened }
  await world.clock.advance(HOUR_MS)
  const sleepingHour = {
    ...scaled(since(total(), asleep.total), 1 / clients.length),
    connections: (world.opened - asleep.connections) / clients.length,
  }
  await world.close()
  return { kept, handedOver, idleHour, sleepingHour }
}

/** Lets no more time pass than needed: renewals come with time. */
async function finish(world: World, access: Promise<void> | undefined): Promise<void> {
  const end = { isReached: false }
  const watched = access?.finally(() => {
    end.isReached = true
  })
  for (let ms = 0; !end.isReached && ms < ACCESS_MS_MAX; ms += 1) await world.clock.advance(1)
  await watched
}

/** Counts all requests, messages and pushes of a world from now on. */
function count(world: World): () => Consumption {
  const { memory, traffic } = world
  const all = { writes: 0, reads: 0 }
  const [update, get] = [memory.update.bind(memory), memory.get.bind(memory)]
  const remove = memory.remove.bind(memory)
  memory.remove = (table, key) => {
    all.writes += 1
    return remove(table, key)
  }
  memory.update = (write) => {
    all.writes += 1
    return update(write)
  }
  memory.get = (table, key) => {
    all.reads += 1
    return get(table, key)
  }
  return () => ({
    writeUnits: all.writes,
    readUnits: all.reads,
    functionWrites: all.writes - traffic.updates.length,
    functionReads: all.reads - traffic.gets.length,
    messages: traffic.sent.length,
    pushes: traffic.pushed.length,
  })
}

async function each(total: () => Consumption, access: (turn: number) => Promise<unknown>): Promise<Consumption> {
  const before = total()
  for (let turn = 0; turn < ACCESSES; turn += 1) await access(turn)
  return scaled(since(total(), before), 1 / ACCESSES)
}

const since = (now: Consumption, before: Consumption): Consumption => mapped((name) => now[name] - before[name])

const scaled = (one: Consumption, factor: number): Consumption => mapped((name) => one[name] * factor)

function mapped(value: (name: keyof Consumption) => number): Consumption {
  return {
    writeUnits: value('writeUnits'),
    readUnits: value('readUnits'),
    functionWrites: value('functionWrites'),
    functionReads: value('functionReads'),
    messages: value('messages'),
    pushes: value('pushes'),
  }
}
