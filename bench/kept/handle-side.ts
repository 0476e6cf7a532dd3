import type { SessionHandle } from '../../client/index.js'
import { loop, type Operation } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { type Counter, heldClient } from './held-client.js'

/** Accesses to held sessions by handles. */
export const start: StartSide = async ({ setting }) => {
  const { client, ids } = await heldClient(Number(setting.sessions))
  const handles = ids.all().map((id) => client.session(id))
  const next = () => handles[ids.nextIndex()] as SessionHandle<Counter>
  const operations: Readonly<Record<string, Operation>> = {
    read: () => next().access({ read: ['count'] }, ({ state }) => state.count),
    write: () =>
      next().access({ write: ['count'] }, ({ state }) => {
        state.count = (state.count ?? 0) + 1
      }),
  }
  const operation = operations[String(setting.access)]
  if (operation === undefined) throw new Error(`there is no access ${String(setting.access)}`)
  return { round: (length) => loop(length, operation, { isShort: true }), stop: async () => {} }
}
