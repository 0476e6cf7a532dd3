import { createHoldfast } from '../../client/index.js'
import { Random } from '../../test/support/random.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { countMessages } from './messages.js'

interface Counted {
  count: number
}

/** One of several processes that count in the same sessions, as fast as they get them. */
export const start: StartSide = async ({ setting, index }) => {
  const messages = countMessages()
  const client = createHoldfast<Counted>({ namespace: 'handoff' })
  let handoffs = 0
  client.on('granted', () => {
    handoffs += 1
  })
  const ids = Array.from({ length: Number(setting.sessions) }, (_, at) => `${String(setting.processes)} of ${at}`)
  const random = new Random(index)
  let acknowledged = 0
  await client.access(ids[0] as string, 'all', () => {})
  return {
    async round(length) {
      const before = { handoffs, messages: messages() }
      const work = await loop(
        length,
        async () => {
          await client.access(random.pick(ids), { write: ['count'] }, ({ state }) => {
            state.count = (state.count ?? 0) + 1
          })
          acknowledged += 1
        },
        { tasks: Number(setting.tasks) },
      )
      if (work.operations === 0) return { ...work, counts: { acknowledged, kept: index === 0 ? await kept() : 0 } }
      return { ...work, counts: { handoffs: handoffs - before.handoffs, messages: messages() - before.messages } }
    },
    stop: () => client.close(),
  }

  async function kept(): Promise<number> {
    let sum = 0
    for (const id of ids) sum += await client.access(id, 'all', ({ state }) => state.count ?? 0)
    return sum
  }
}
