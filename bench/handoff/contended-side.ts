import { Random } from '../../test/support/random.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { openCounting } from './counting.js'
import { countMessages } from './messages.js'

/** One of several processes that count in the same sessions, as fast as they get them. */
export const start: StartSide = async ({ setting, index }) => {
  const messages = countMessages()
  const { peer, handoffs } = await openCounting(setting)
  const { way, processes, sessions, tasks } = setting
  // Several ways keep their sessions in the same table.
  const ids = Array.from({ length: Number(sessions) }, (_, at) => [way, processes, sessions, tasks, at].join(' '))
  const random = new Random(index)
  let acknowledged = 0
  await peer.read(ids[0] as string)
  return {
    async round(length) {
      const before = { handoffs: handoffs(), messages: messages() }
      const operation = async () => {
        await peer.write(random.pick(ids), (session) => {
          session.count += 1
        })
        acknowledged += 1
      }
      const work = await loop(length, operation, { tasks: Number(tasks) })
      if (work.operations === 0) return { ...work, counts: { acknowledged, kept: index === 0 ? await kept() : 0 } }
      if (before.handoffs === undefined) return work
      const counts = { handoffs: (handoffs() ?? 0) - before.handoffs, messages: messages() - before.messages }
      return { ...work, counts }
    },
    stop: () => peer.stop(),
  }

  async function kept(): Promise<number> {
    let sum = 0
    for (const id of ids) sum += (await peer.read(id)).count
    return sum
  }
}
