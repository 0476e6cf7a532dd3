import { Mutex } from 'async-mutex'
import type { StartSide } from '../frame/side.js'
import { allocation, microtasks } from '../measure.js'

type Run = () => Promise<unknown>

const WARM_UP_RUNS = 20_000

/** What one operation costs on every machine: turns of the microtask queue, and bytes of heap, garbage included. */
export const start: StartSide = async ({ setting }) => {
  const run = setting.way === 'holdfast' ? await access(String(setting.access)) : exclusive()
  for (let done = 0; done < WARM_UP_RUNS; done += 1) await run()
  return {
    async round() {
      const counts = { microtasks: await microtasks(run), bytes: await allocation(run) }
      return { operations: 1, wallMs: 1, latenciesMs: [], cpuMs: 0, counts }
    },
    stop: async () => {},
  }
}

async function access(kind: string): Promise<Run> {
  const { BenchStore, hold, KEPT } = await import('../store.js')
  const client = new BenchStore().client<{ count: number }>({ durability: 'release', flushMs: 60_000, ...KEPT })
  await hold(client, ['session'], () => ({ count: 0 }))
  if (kind === 'read') return () => client.access('session', { read: ['count'] }, ({ state }) => state.count)
  return () =>
    client.access('session', { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })
}

function exclusive(): Run {
  const mutex = new Mutex()
  return () => mutex.runExclusive(() => undefined)
}
