import { createHoldfast } from '../../client/index.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { countMessages } from './messages.js'

interface Counted {
  count: number
}

const ID = 'one-by-one'

/** Two clients that take turns with one session: each access is one handoff, from a holder that does nothing. */
export const start: StartSide = async () => {
  const messages = countMessages()
  const clients = [0, 1].map(() => createHoldfast<Counted>({ namespace: 'handoff' }))
  let turn = 0
  let acknowledged = 0
  let kept = 0
  return {
    async round(length) {
      const latenciesMs: number[] = []
      const sentBefore = messages()
      const lostBefore = acknowledged - kept
      const work = await loop(length, async () => {
        turn += 1
        const startedAt = performance.now()
        await clients[turn % 2]?.access(ID, { write: ['count'] }, ({ state }) => {
          latenciesMs.push(performance.now() - startedAt)
          state.count = (state.count ?? 0) + 1
          kept = state.count
        })
        acknowledged += 1
      })
      const counts = { messages: messages() - sentBefore, lostUpdates: acknowledged - kept - lostBefore }
      return { ...work, latenciesMs, counts }
    },
    async stop() {
      for (const client of clients) await client.close()
    },
  }
}
