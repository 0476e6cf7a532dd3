import { loop } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'
import { BenchStore, hold, KEPT } from '../store.js'

interface State {
  count: number
}

const USES = 200
/** The usual time of a small write to DynamoDB. */
const ANSWER_MS = 5

/** Uses of one held session that begin at once, by `access` or by `open` and `close`. */
export const start: StartSide = async ({ setting }) => {
  const client = new BenchStore().client<State>(KEPT, ANSWER_MS)
  await hold(client, ['session'], () => ({ count: 0 }))
  let acknowledged = 0
  const byAccess = () =>
    client.access('session', { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
    })
  const byClose = async () => {
    await using session = await client.open('session', { write: ['count'] })
    session.state.count = (session.state.count ?? 0) + 1
    await session.close()
  }
  const use = setting.by === 'open' ? byClose : byAccess
  return {
    async round(length) {
      const work = await loop(length, async () => {
        await Promise.all(Array.from({ length: USES }, use))
        acknowledged += USES
      })
      if (work.operations > 0) return { ...work, operations: work.operations * USES }
      const kept = (await client.peek('session'))?.state.count ?? 0
      return { ...work, counts: { acknowledged, kept } }
    },
    stop: async () => {},
  }
}
