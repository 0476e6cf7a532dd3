import { CookieIds } from '../frame/cookie-ids.js'
import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { openCounting } from '../handoff/counting.js'

const ASKED_AT_ONCE = 20

/** Accesses to the sessions of one process, by Holdfast or by a peer. Nobody else accesses them. */
export const start: StartSide = async ({ setting }) => {
  const { peer, handoffs, settle } = await openCounting(setting)
  const ids = new CookieIds(Number(setting.sessions), JSON.stringify(setting))
  const all = ids.all()
  await each(all, (id) => peer.read(id))
  let acknowledged = 0
  const read = () => peer.read(ids.next())
  const write = async () => {
    await peer.write(ids.next(), (session) => {
      session.count += 1
    })
    acknowledged += 1
  }
  const operation = setting.access === 'read' ? read : write
  return {
    async round(length) {
      const before = handoffs() ?? 0
      const work = await loop(length, operation, { tasks: Number(setting.tasks), isShort: setting.isShort === true })
      if (work.operations === 0) return { ...work, counts: { acknowledged, kept: await kept() } }
      await each(all, settle)
      return { ...work, counts: { handoffs: (handoffs() ?? 0) - before } }
    },
    stop: () => peer.stop(),
  }

  async function kept(): Promise<number> {
    let sum = 0
    await each(all, async (id) => {
      const { count } = await peer.read(id)
      sum += count
    })
    return sum
  }
}

async function each(ids: readonly string[], use: (id: string) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
    await Promise.all(ids.slice(from, from + ASKED_AT_ONCE).map(use))
  }
}
