import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { BenchStore, KEPT } from '../store.js'

interface Counted {
  count: number
}

/** The same handoffs in memory: what is left is the client's and the functions' own code, and that of the store. */
export const start: StartSide = async () => {
  const inFunctions = { ms: 0 }
  const store = new BenchStore((ms) => {
    inFunctions.ms += ms
  })
  const clients = [0, 1].map(() => store.client<Counted>(KEPT))
  let turn = 0
  return {
    async round(length) {
      const latenciesMs: number[] = []
      const before = inFunctions.ms
      const work = await loop(length, async () => {
        turn += 1
        const startedAt = performance.now()
        await clients[turn % 2]?.access('session', { write: ['count'] }, ({ state }) => {
          latenciesMs.push(performance.now() - startedAt)
          state.count = (state.count ?? 0) + 1
        })
      })
      return { ...work, latenciesMs, counts: { functionMs: inFunctions.ms - before } }
    },
    async stop() {
      for (const client of clients) await client.close()
    },
  }
}
