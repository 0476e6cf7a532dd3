import { Random } from '../../test/support/random.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { openCounting } from '../handoff/counting.js'
import { countMessages } from '../handoff/messages.js'
import { Zipf } from './zipf.js'

const TASKS = 8
const READ_AT_ONCE = 25

/** One of several servers. Its own users are those whose rank, modulo the servers, is its index. */
export const start: StartSide = async ({ setting, index }) => {
  const messages = countMessages()
  const { peer, handoffs } = await openCounting(setting)
  const [users, processes, sticky] = [setting.users, setting.processes, setting.sticky].map(Number) as [
    number,
    number,
    number,
  ]
  const random = new Random(index)
  const ranks = Array.from({ length: users }, (_, rank) => rank)
  const own = new Zipf(ranks.filter((rank) => rank % processes === index))
  const others = new Zipf(ranks.filter((rank) => rank % processes !== index))
  // Several ways keep their sessions in the same table.
  const idOf = (rank: number) => [setting.way, setting.sticky, rank].join(' ')
  let acknowledged = 0
  // Its users have been here before.
  await read(ranks.filter((rank) => rank % processes === index))
  return {
    async round(length) {
      const before = { handoffs: handoffs(), messages: messages() }
      const operation = async () => {
        const rank = (random.chance(sticky / 100) ? own : others).pick(random)
        await peer.write(idOf(rank), (session) => {
          session.count += 1
        })
        acknowledged += 1
      }
      const work = await loop(length, operation, { tasks: TASKS })
      if (work.operations === 0) return { ...work, counts: { acknowledged, kept: index === 0 ? await read(ranks) : 0 } }
      const counts = {
        messages: messages() - before.messages,
        ...(before.handoffs === undefined ? {} : { handoffs: (handoffs() ?? 0) - before.handoffs }),
      }
      return { ...work, counts }
    },
    stop: () => peer.stop(),
  }

  async function read(some: readonly number[]): Promise<number> {
    let sum = 0
    for (let from = 0; from < some.length; from += READ_AT_ONCE) {
      const sessions = await Promise.all(some.slice(from, from + READ_AT_ONCE).map((rank) => peer.read(idOf(rank))))
      for (const { count } of sessions) sum += count
    }
    return sum
  }
}
