import { Either, THREADS } from './either.js'
import { ID } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

test.each(THREADS)('a client with a key of ids has its own sessions (%s)', async (kind) => {
  const either = new Either(kind)
  const idKey = 'a secret of the shop'
  const client = either.client({ idKey })
  await either.finish(client.access(ID, 'all', ({ state }) => void (state.a = 1)))
  // An access inside another finds that one by the hash of the id.
  const nested = client.access(ID, 'all', () => client.access(ID, { read: ['a'] }, ({ state }) => state.a))
  expect(await either.finish(nested)).toBe(1)
  expect(await either.stored()).toBeUndefined()
  const other = either.main({ idKey })
  expect((await either.finish(other.peek(ID)))?.state).toEqual({ a: 1 })
  await either.close()
})
