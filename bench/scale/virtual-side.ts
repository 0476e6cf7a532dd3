import type { Holdfast } from '../../client/holdfast.js'
import { AWS_LATENCY } from '../../inspector/costs/aws-latency.js'
import { Random } from '../../test/support/random.js'
import { World } from '../../test/support/world.js'
import type { StartSide } from '../frame/side.js'

interface Counted {
  count: number
}

type Client = Holdfast<Counted>

/** A client of the mix makes an access this often. */
const THINK_MS = 200
const ACCESSES_EACH = 50
/** Accesses of the mix to the client's own session; the others go to anybody's. */
const STICKY = 0.95
const WAIT_MS = 600_000
const FINISH_MS = 3_600_000
const CONTENDERS = 3

/** Answers take as long as on AWS, in virtual time. */
function slowWorld() {
  const world = new World()
  const { clock, memory } = world
  const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const counts = { writes: 0, reads: 0 }
  world.onRequest = (arrive) => void clock.after(AWS_LATENCY.gatewayToFunction.p50Ms, arrive)
  world.onDeliver = (arrive) => void clock.after(AWS_LATENCY.push.p50Ms, arrive)
  const update = memory.update.bind(memory)
  memory.update = async (write) => {
    counts.writes += 1
    await pause(AWS_LATENCY.dynamoDbWrite.p50Ms)
    return update(write)
  }
  const get = memory.get.bind(memory)
  memory.get = async (table, key) => {
    counts.reads += 1
    await pause(AWS_LATENCY.dynamoDbRead.p50Ms)
    return get(table, key)
  }
  return { world, pause, counts }
}

type Slow = ReturnType<typeof slowWorld>

/** What the clients do. Each returns when all accesses have ended. */
type Scenario = (clients: readonly Client[], count: (client: Client, id: string) => Promise<void>) => Promise<void>

const scenarios = ({ pause }: Slow): Readonly<Record<string, Scenario>> => ({
  /** Each client has a session of its own, and now and then uses another's. */
  mix: (clients, count) =>
    everyOne(clients, async (client, index) => {
      const random = new Random(index)
      await pause(random.fraction() * THINK_MS)
      for (let done = 0; done < ACCESSES_EACH; done += 1) {
        const whose = random.chance(STICKY) ? index : random.integer(0, clients.length - 1)
        await count(client, `session ${whose}`)
        await pause(THINK_MS)
      }
    }),
  /** One client holds a session, and all others want it at once. */
  waiters: async ([holder, ...others], count) => {
    await count(holder as Client, 'session')
    await everyOne(others, (client) => count(client, 'session'))
  },
  /** Three clients want each of a thousand sessions, all at once. */
  contenders: (clients, count) =>
    everyOne(clients, (client) =>
      everyOne(
        Array.from({ length: 1_000 }, (_, index) => `session ${index}`),
        (id) => count(client, id),
      ),
    ),
})

const everyOne = async <T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> => {
  await Promise.all(items.map(work))
}

/** Clients by the hundred in one process, on a virtual clock: real client and handlers, network and store in memory. */
export const start: StartSide = async ({ setting }) => ({
  async round(length) {
    if ('operations' in length && length.operations === 0) return nothing
    const slow = slowWorld()
    const { world, counts } = slow
    const scenario = scenarios(slow)[String(setting.scenario)]
    if (scenario === undefined) throw new Error(`there is no ${String(setting.scenario)}`)
    const contenders = setting.scenario === 'contenders' ? CONTENDERS : Number(setting.clients)
    const clients = Array.from({ length: contenders }, () => world.client<Counted>())
    const latenciesMs: number[] = []
    const count = async (client: Client, id: string) => {
      const startedAtMs = world.clock.wallMs()
      const add = ({ state }: { readonly state: { count?: number } }) => {
        state.count = (state.count ?? 0) + 1
      }
      await client.access(id, { write: ['count'] }, add, { timeoutMs: WAIT_MS })
      latenciesMs.push(world.clock.wallMs() - startedAtMs)
    }
    const [startedAt, startedAtMs] = [performance.now(), world.clock.wallMs()]
    const cpuBefore = process.cpuUsage()
    await world.finish(scenario(clients, count), FINISH_MS)
    const virtualMs = world.clock.wallMs() - startedAtMs
    const { user, system } = process.cpuUsage(cpuBefore)
    const { sent, pushed } = world.traffic
    let kept = 0
    for (const { attrs } of world.memory.snapshot().sessions.values()) {
      const found = attrs !== undefined && 'M' in attrs ? attrs.M.count : undefined
      kept += found !== undefined && 'N' in found ? Number(found.N) : 0
    }
    const work = {
      operations: latenciesMs.length,
      wallMs: performance.now() - startedAt,
      latenciesMs,
      cpuMs: (user + system) / 1_000,
      counts: {
        ...counts,
        messages: sent.length,
        renewals: sent.filter((text) => text.includes('"type":"renew"')).length,
        pushes: pushed.length,
        lostUpdates: latenciesMs.length - kept,
        virtualMs,
      },
    }
    await world.close()
    return work
  },
  stop: async () => {},
})

const nothing = { operations: 0, wallMs: 0, latenciesMs: [], cpuMs: 0, counts: {} }
