import type { Holdfast } from '../../../client/holdfast.js'
import { sessionKey } from '../../../client/session/session-key.js'
import type { UpdateOutcome } from '../../../protocol/dynamodb.js'
import { type Counter, ID, increment } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

describe('when a session, a commit or the store is lost', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const add = (client: Holdfast<Counter>, id = ID) => world.finish(increment(client, id))
  const read = (client: Holdfast<Counter>) => client.access(ID, { read: ['count'] }, ({ state }) => state.count)
  /** The message by which the store takes back what this client was granted last. */
  const lossOf = (client: Holdfast<Counter>) => {
    let epoch = 0
    client.on('granted', (granted) => {
      epoch = granted.epoch
    })
    return () => ({ type: 'lost', session: sessionKey('test', ID), epoch, reason: 'revoked' }) as const
  }
  const types = () => world.traffic.sent.map((text) => (JSON.parse(text) as { type: string }).type)

  it('neither a running nor a queued reader returns what it read before the lease ended', async () => {
    const client = world.client<Counter>()
    await add(client)
    let end = () => {}
    const running = client.access(ID, { read: ['count'] }, async ({ state }) => {
      const { count } = state
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return count
    })
    const writing = client.access(ID, { write: ['count'] }, () => 'never')
    const queued = read(client)
    for (const access of [running, writing, queued]) access.catch(() => {})
    await settle()
    // The machine sleeps: time passes, and no timer has told the process yet.
    world.clock.freeze(world.timing.leaseMs)
    end()
    await expect(world.finish(running)).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'leaseExpired' })
    // Those that had not begun go on under the next name, with what is stored by then.
    expect(await world.finish(writing, 60_000)).toBe('never')
    expect(await world.finish(queued, 60_000)).toBe(1)
  })

  it.each(['cut off', 'not answered'])(
    'a process that is %s works on until its lease ends, and then says so',
    async (how) => {
      const client = world.client<Counter>()
      await add(client)
      const lost = new Promise((resolve) => client.on('lost', resolve))
      const isLost = jest.fn()
      void lost.then(isLost)
      if (how === 'cut off') world.partition(client)
      else world.onSend = () => false
      const { leaseMs, clientMarginMs } = world.timing
      // The lease may have been confirmed up to a renewal ago.
      await world.clock.advance(leaseMs * 0.7 - clientMarginMs)
      expect(await add(client)).toBe(2)
      const running = client.access(
        ID,
        { write: ['count'] },
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error))
          }),
      )
      await expect(world.finish(running, leaseMs)).rejects.toMatchObject({
        code: 'SESSION_LOST',
        reason: 'unreachable',
        effect: 'none',
        retryable: true,
      })
      expect(await lost).toMatchObject({ error: { reason: 'unreachable' } })
      // Nothing is made up in its place: who asks now waits for the store.
      const waiting = client.access(ID, { read: ['count'] }, ({ state }) => state.count, { timeoutMs: 1_000 })
      await expect(world.finish(waiting, 5_000)).rejects.toMatchObject({ code: 'UNREACHABLE', effect: 'none' })
      world.partition(client, false)
      world.onSend = () => true
      expect(await world.finish(increment(client), 60_000)).toBe(3)
    },
  )

  it.each([15_000, 10_000, 6_000])('a connection that is half open costs no lease of %i ms', async (leaseMs) => {
    for (let offsetMs = 0; offsetMs < leaseMs / 4; offsetMs += 250) {
      world = new World({ leaseMs })
      const client = world.client<Counter>()
      const lost = jest.fn()
      client.on('lost', lost)
      await add(client)
      await world.clock.advance(leaseMs + offsetMs)
      const connected: unknown[] = []
      client.on('connection', ({ state, detail }) => connected.push([state, detail]))
      world.halfOpen()
      await world.clock.advance(3 * leaseMs)
      // Nothing passed the connection, neither side was told, and only the silence showed it.
      expect(connected).toEqual([
        ['disconnected', 'no answer to renewals'],
        ['connected', undefined],
      ])
      expect(lost).not.toHaveBeenCalled()
      await world.close()
    }
  })

  it('a reader whose loop was blocked beyond maxBusyMs does not return a stale value', async () => {
    world = new World({ leaseMs: 100_000, maxBusyMs: 5_000 })
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    await add(first)
    let end = () => {}
    const running = first.access(ID, { read: ['count'] }, async ({ state }) => {
      const { count } = state
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return count
    })
    running.catch(() => {})
    await settle()
    const other = increment(second)
    await world.clock.advance(world.timing.busyAfterMs + 100)
    expect(types()).toContain('busy')
    world.clock.freeze(world.timing.maxBusyMs)
    end()
    await expect(world.finish(running)).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'revoked' })
    expect(await world.finish(other, 60_000)).toBe(2)
  })

  it('a release waits for the outcome of the commit that was under way when the hold was lost', async () => {
    const client = world.client<Counter>()
    const taken = lossOf(client)
    await add(client)
    const land = world.stallStateWrites()
    const committing = increment(client)
    await settle()
    world.say(client, taken())
    await world.clock.advance(100)
    expect(client.health().heldSessions).toBe(0)
    expect(types()).not.toContain('release')
    land()
    expect(await world.finish(committing)).toBe(2)
    expect(types()).toContain('release')
  })

  it('close() is not over before the outcome of the commit that was under way', async () => {
    const client = world.client<Counter>()
    await add(client)
    const land = world.stallStateWrites()
    const committing = increment(client)
    await settle()
    const running = client.access(ID, { write: ['count'] }, () => new Promise(() => {}))
    running.catch(() => {})
    await settle()
    void client.close({ drainMs: 10 })
    await world.clock.advance(100)
    expect(types()).not.toContain('retire')
    land()
    expect(await world.finish(committing)).toBe(2)
    await world.clock.advance(1_000)
    expect(types()).toContain('retire')
    await expect(running).rejects.toMatchObject({ effect: 'none' })
  })

  it('a session that was lost before it could be destroyed is not destroyed', async () => {
    const client = world.client<Counter>()
    const taken = lossOf(client)
    await add(client)
    const reply = world.stallStateWrites()
    const writing = increment(client)
    await settle()
    // It waits for the commit, whose locks are free already.
    const destroying = client.destroy(ID)
    destroying.catch(() => {})
    await settle()
    // The lock is lost and the lease is not: nothing but the loss itself keeps the tombstone from being written.
    world.say(client, taken())
    await settle()
    expect(client.health()).toMatchObject({ heldSessions: 0, state: 'connected' })
    expect(client.health().leaseRemainingMs).toBeGreaterThan(0)
    reply()
    const lost = { code: 'SESSION_LOST', reason: 'revoked', effect: 'none' }
    await expect(world.finish(destroying)).rejects.toMatchObject(lost)
    expect(await world.finish(writing)).toBe(2)
    expect((await world.client<Counter>().peek(ID))?.state.count).toBe(2)
  })

  it.each([
    [
      'gets no telling answer',
      () => Promise.reject(new Error('no answer')),
      { code: 'COMMIT_UNKNOWN', effect: 'unknown' },
    ],
    ['has landed', (outcome: UpdateOutcome) => Promise.resolve(outcome), { code: 'SESSION_LOST', effect: 'none' }],
  ])(
    'an access that is lost while its commit() is under way is told what became of it: it %s',
    async (_name, answer, error) => {
      const client = world.client<Counter>()
      await add(client)
      let reply = () => {}
      world.onStateWrite = async (_update, write) => {
        const outcome = await write()
        await new Promise<void>((resolve) => {
          reply = resolve
        })
        return answer(outcome)
      }
      const writing = client.access(ID, { write: ['count'] }, async (session) => {
        session.state.count = 2
        await session.commit()
      })
      const end = { isReached: false }
      writing
        .catch(() => {})
        .finally(() => {
          end.isReached = true
        })
      await settle()
      world.partition(client)
      world.clock.freeze(world.timing.leaseMs)
      await world.clock.advance(1)
      expect(client.health().heldSessions).toBe(0)
      expect(end.isReached).toBe(false)
      world.onStateWrite = (_update, write) => write()
      reply()
      await expect(world.finish(writing)).rejects.toMatchObject(error)
      expect((await world.client<Counter>().peek(ID))?.state.count).toBe(2)
    },
  )

  it('a commit that fails on one of several sessions says that others have landed', async () => {
    const client = world.client<Counter>()
    await add(client, 'a')
    await add(client, 'b')
    let writes = 0
    world.onStateWrite = (_update, write) => {
      writes += 1
      if (writes === 1) return write()
      return Promise.reject(Object.assign(new Error('no'), { $metadata: { httpStatusCode: 400 } }))
    }
    const both = client.accessMany(['a', 'b'], { write: ['count'] }, (sessions) => {
      for (const { state } of sessions) state.count = 10
    })
    await expect(world.finish(both)).rejects.toMatchObject({ code: 'PARTIAL_COMMIT', effect: 'unknown' })
  })

  it('a stored session of a newer version is refused, typed, and nothing is changed', async () => {
    const client = world.client<Counter>()
    await add(client)
    await world.finish(client.release(ID))
    const [key, item] = [...world.memory.items('sessions')][0] ?? []
    if (key === undefined || item === undefined) throw new Error('there is no session')
    await world.memory.update({
      table: 'sessions',
      key,
      condition: 'attribute_exists(fence)',
      update: 'SET #schema = :two',
      names: { '#schema': 'schema' },
      values: { ':two': { N: '2' } },
      returns: 'none',
    })
    await expect(add(client)).rejects.toMatchObject({ code: 'CORRUPT_STATE', effect: 'none' })
    await expect(world.finish(client.peek(ID))).rejects.toMatchObject({ code: 'CORRUPT_STATE' })
  })
})
