import type { HoldfastApi } from '../../../client/api.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { Either, outcomeOf, THREADS } from './either.js'
import { arrive, type Shop } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

const ID = 'an id'
const TO = 'the next'

describe.each(THREADS)('while a session moves by an access in the %s thread', (of) => {
  let either: Either
  let main: Holdfast<Shop>
  let client: HoldfastApi<Shop>
  beforeEach(async () => {
    either = new Either(of)
    main = either.main()
    client = of === 'main' ? main : either.threadOf(main)
    await either.finish(main.create({ a: 1 }, { id: ID }))
  })
  afterEach(() => either.close())

  /** The transaction waits for `go`. */
  const hold = () => {
    const held = { isReached: false, go: () => {} }
    const gone = new Promise<void>((resolve) => (held.go = resolve))
    either.world.onStateTransact = async (_updates, write) => {
      held.isReached = true
      await gone
      return write()
    }
    return held
  }
  const pass = async () => {
    await either.world.clock.advance(100)
    await arrive()
  }

  it('leaves under the new id where its work fails, and nobody enters under the old one', async () => {
    const held = hold()
    const moves: Promise<unknown>[] = []
    const access = client.access(ID, 'all', async (session) => {
      session.state.a = 2
      moves.push(outcomeOf(session.rotate({ to: TO })))
      while (!held.isReached) await arrive()
      throw new Error('other')
    })
    const outcome = access.catch((error: Error) => error.message)
    await pass()
    const queued = outcomeOf(main.access(ID, 'all', ({ state }) => state.a))
    await pass()
    expect(held.isReached).toBe(true)
    held.go()
    expect(await either.finish(outcome)).toBe('other')
    expect(await either.finish(queued)).toBe('SESSION_MISSING')
    expect(await either.finish(main.access(TO, 'all', ({ state }) => state.a, { timeoutMs: 500 }))).toBe(2)
  })

  it('leaves under the new id where it is open, and is disposed of', async () => {
    const held = hold()
    const session = await either.finish(client.open(ID, 'all'))
    const moved = session.rotate({ to: TO })
    const left = Promise.resolve(session[Symbol.asyncDispose]())
    await pass()
    const queued = outcomeOf(main.access(ID, 'all', ({ state }) => state.a))
    await pass()
    held.go()
    expect(await either.finish(moved)).toBe(TO)
    await either.finish(left)
    expect(await either.finish(queued)).toBe('SESSION_MISSING')
    expect(await either.finish(main.access(TO, 'all', ({ state }) => state.a, { timeoutMs: 500 }))).toBe(1)
  })

  it('is told the new id where the client closes meanwhile, and then fails', async () => {
    const held = hold()
    const seen: unknown[] = []
    const access = client.access(ID, 'all', async (session) => {
      seen.push(await outcomeOf(session.rotate({ to: TO })))
    })
    const outcome = outcomeOf(access).then((code) => seen.push(code))
    await pass()
    const closed = main.close({ drainMs: 0 })
    await pass()
    held.go()
    await either.finish(Promise.all([outcome, closed]))
    expect(seen).toEqual([TO, 'CLOSED'])
    expect(await either.stored(TO)).toEqual({ a: 1 })
  })

  it('a lifetime that it sets is committed', async () => {
    const held = hold()
    const access = client.access(ID, 'all', async (session) => {
      const moved = session.rotate({ to: TO })
      while (!held.isReached) await arrive()
      session.ttlMs = 500_000
      held.go()
      await moved
      expect(session.ttlMs).toBe(500_000)
    })
    await either.finish(access)
    const ttlMs = main.access(TO, { read: ['a'] }, (session) => session.ttlMs)
    expect(await either.finish(ttlMs)).toBe(500_000)
  })
})
