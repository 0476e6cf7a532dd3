import type { Holdfast } from '../../client/holdfast.js'
import { CookieIds } from '../frame/cookie-ids.js'
import { BenchStore, hold, KEPT } from '../store.js'

export interface Counter {
  count: number
}

/** The longest one: what is written later is written between rounds, if at all. */
const FLUSH_MS = 60_000

/** A client that holds so many sessions, with everything in this process. */
export async function heldClient(
  sessions: number,
): Promise<{ readonly client: Holdfast<Counter>; readonly ids: CookieIds }> {
  const ids = new CookieIds(sessions, 'memory')
  const client = new BenchStore().client<Counter>({
    heldSessionsMax: sessions,
    durability: 'release',
    flushMs: FLUSH_MS,
    ...KEPT,
  })
  await hold(client, ids.all(), () => ({ count: 0 }))
  return { client, ids }
}
