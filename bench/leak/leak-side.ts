import { PerformanceObserver } from 'node:perf_hooks'
import { World } from '../../test/support/world.js'
import { CookieIds } from '../frame/cookie-ids.js'
import type { StartSide } from '../frame/side.js'
import { heapBytes } from '../measure.js'
import { BenchStore, hold, KEPT } from '../store.js'

interface Counted {
  count: number
}

interface Load {
  run(operations: number): Promise<void>
  stop(): Promise<void>
}

const HELD_SESSIONS = 1_000
/** In virtual time: far more than a connection takes. */
const RECONNECT_MS_MAX = 60_000

const add = ({ state }: { readonly state: Partial<Counted> }) => {
  state.count = (state.count ?? 0) + 1
}

const loads: Readonly<Record<string, () => Promise<Load>>> = {
  /** Reads and writes in turn. */
  async accesses() {
    const ids = new CookieIds(HELD_SESSIONS, 'leak')
    const client = new BenchStore().client<Counted>({ durability: 'release', ...KEPT })
    await hold(client, ids.all(), () => ({ count: 0 }))
    return {
      async run(operations) {
        for (let done = 0; done < operations; done += 2) {
          await client.access(ids.next(), { read: ['count'] }, ({ state }) => state.count)
          await client.access(ids.next(), { write: ['count'] }, add)
          // Timers and the store have their turn.
          if (done % HELD_SESSIONS === 0) await new Promise((resolve) => setImmediate(resolve))
        }
      },
      stop: () => client.close(),
    }
  },
  /** Two clients take one session from each other. */
  async handoffs() {
    const store = new BenchStore()
    const clients = [store.client<Counted>(KEPT), store.client<Counted>(KEPT)] as const
    return {
      async run(operations) {
        for (let done = 0; done < operations; done += 1) {
          await clients[done % 2 === 0 ? 0 : 1].access('session', { write: ['count'] }, add)
        }
      },
      async stop() {
        for (const client of clients) await client.close()
      },
    }
  },
  /** A client whose every connection is cut, and which needs one for each access; in virtual time. */
  async reconnects() {
    const world = new World()
    const client = world.client<Counted>({ holdPolicy: 'perAccess' })
    const { sent, pushed, updates, gets } = world.traffic
    return {
      async run(operations) {
        for (let done = 0; done < operations; done += 1) {
          world.cutConnections()
          await world.finish(client.access('session', { write: ['count'] }, add), RECONNECT_MS_MAX)
          for (const noted of [sent, pushed, updates, gets, world.logs]) noted.length = 0
        }
      },
      stop: () => world.close(),
    }
  },
}

/** Runs so many operations of one kind in each round, and weighs the heap afterwards. */
export const start: StartSide = async ({ setting }) => {
  const open = loads[String(setting.load)]
  if (open === undefined) throw new Error(`there is no load ${String(setting.load)}`)
  const load = await open()
  const collected = { ms: 0 }
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collected.ms += duration
  })
  observer.observe({ entryTypes: ['gc'] })
  return {
    async round(length) {
      if (!('operations' in length)) throw new Error('a round of this side is so many operations')
      await turn()
      collected.ms = 0
      const startedAt = performance.now()
      await load.run(length.operations)
      const wallMs = performance.now() - startedAt
      await turn()
      const gcMs = collected.ms
      return {
        operations: length.operations,
        wallMs,
        latenciesMs: [],
        cpuMs: 0,
        counts: { gcMs, heapBytes: await heapBytes() },
      }
    },
    async stop() {
      observer.disconnect()
      await load.stop()
    },
  }
}

/** The observer hears of collections later. */
const turn = () => new Promise((resolve) => setImmediate(resolve))
