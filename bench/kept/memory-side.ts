import { loop, type Operation } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { heldClient } from './held-client.js'

/** Accesses to held sessions by their ids. */
export const start: StartSide = async ({ setting }) => {
  const { client, ids } = await heldClient(Number(setting.sessions))
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
