import { CookieIds } from '../frame/cookie-ids.js'
import { loop, type Operation } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { BenchStore, hold, KEPT } from '../store.js'

interface State {
  count: number
}

/** The longest one: what is written later is written between rounds, if at all. */
const FLUSH_MS = 60_000

/** Accesses to held sessions, with everything in this process. */
export const start: StartSide = async ({ setting }) => {
  const sessions = Number(setting.sessions)
  const ids = new CookieIds(sessions, 'memory')
  const client = new BenchStore().client<State>({
    heldSessionsMax: sessions,
    durability: 'release',
    flushMs: FLUSH_MS,
    ...KEPT,
  })
  await hold(client, ids.all(), () => ({ count: 0 }))
  const operations: Readonly<Record<string, Operation>> = {
    read: () => client.access(ids.next(), { read: ['count'] }, ({ state }) => state.count),
    write: () =>
      client.access(ids.next(), { write: ['count'] }, ({ state }) => {
        state.count = (state.count ?? 0) + 1
      }),
  }
  const operation = operations[String(setting.access)]
  if (operation === undefined) throw new Error(`there is no access ${String(setting.access)}`)
  return { round: (length) => loop(length, operation, { isShort: true }), stop: async () => {} }
}
