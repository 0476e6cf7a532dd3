import { type Counter, Gate, ID, increment as incrementOf, quiet } from '../../support/counting.js'
import { leftIn } from '../../support/leftovers.js'
import { settle, World } from '../../support/world.js'
import { countingClient, expectSilenceIn, typeOf } from './counting-client.js'

describe('a client that closes', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const increment = (...args: Parameters<typeof incrementOf>) => quiet(incrementOf(...args))
  const types = () => world.traffic.sent.map(typeOf)

  const counting = (options = {}) => countingClient(world, options)

  const expectSilence = () => expectSilenceIn(world)

  it.each(['peek', 'look', 'claim'] as const)('ends a %s that pauses between two tries', async (what) => {
    const client = world.client<Counter>()
    const made = { tries: 0 }
    const fail = async () => {
      made.tries += 1
      throw new Error('no answer')
    }
    world.onStateWrite = fail
    const get = world.memory.get.bind(world.memory)
    world.memory.get = (table, key) => (table === 'sessions' ? fail() : get(table, key))
    const calls = {
      peek: () => client.peek(ID),
      look: () => client.access(ID, 'all', () => {}, { ifMissing: 'fail' }),
      claim: () => client.access(ID, 'all', () => {}, { ifMissing: 'create' }),
    }
    const ended = quiet<unknown>(calls[what]())
    await settle()
    // By now the pauses are long.
    for (let ms = 0; made.tries < 6 && ms < 5_000; ms += 10) await world.clock.advance(10)
    expect(made.tries).toBe(6)
    const triesBefore = made.tries
    const closing = client.close({ drainMs: 0 })
    await settle()
    await expect(ended).rejects.toMatchObject({ code: 'CLOSED' })
    await closing
    expect(world.clock.pending).toBe(0)
    await world.clock.advance(60_000)
    expect(made.tries).toBe(triesBefore)
  })

  it('tells of each session that it gives back, and holds none any more', async () => {
    const client = await counting()
    await world.finish(increment(client, 'other'))
    const released = jest.fn()
    client.on('released', released)
    await world.finish(client.close())
    await settle()
    expect(released).toHaveBeenCalledTimes(2)
    expect(client.health().heldSessions).toBe(0)
    await expectSilence()
  })

  it('lets an access end that has just got its locks', async () => {
    const client = await counting()
    const running = client.access(ID, { write: ['count'] }, async ({ state }) => {
      await new Promise((resolve) => setImmediate(resolve))
      state.count = 10
      return 'done'
    })
    const closing = client.close({ drainMs: 5_000 })
    expect(await world.finish(running, 10_000)).toBe('done')
    await world.finish(closing, 10_000)
    expect((await world.client<Counter>().peek(ID))?.state.count).toBe(10)
  })

  it('lets an access end that gets its locks in the same tick', async () => {
    const client = await counting()
    const session = await world.finish(client.open(ID, { write: ['count'] }))
    const waiting = increment(client)
    await settle()
    void session[Symbol.asyncDispose]()
    const closing = client.close({ drainMs: 5_000 })
    expect(await world.finish(waiting, 10_000)).toBe(2)
    await world.finish(closing, 10_000)
  })

  it('refuses accesses that wait for attributes, and lets the one that has them end', async () => {
    const client = await counting()
    const gate = new Gate()
    const running = client.access(ID, { write: ['count'] }, async ({ state }) => {
      await gate.passed
      state.count = 10
    })
    await settle()
    const waiting = increment(client)
    await settle()
    const closing = client.close()
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED', effect: 'none' })
    gate.open()
    await world.finish(running)
    await world.finish(closing)
    expect((await world.client<Counter>().peek(ID))?.state.count).toBe(10)
  })

  it('waits for a commit whose lease has ended in the drain', async () => {
    const client = await counting()
    const land = world.stallStateWrites()
    const committing = increment(client)
    await settle()
    let isClosed = false
    world.partition(client)
    const closing = client.close({ drainMs: 20_000 }).then(() => {
      isClosed = true
    })
    await world.clock.advance(20_001)
    expect(client.health().heldSessions).toBe(0)
    expect(isClosed).toBe(false)
    land()
    expect(await world.finish(committing)).toBe(2)
    await world.finish(closing)
  })

  it.each([true, false])(
    'gives up an idle session that is asked for while a commit goes on, and leaves nothing behind: answered %s',
    async (isAnswered) => {
      const client = await counting()
      await world.finish(increment(client, 'other'))
      const land = world.stallStateWrites()
      const committing = increment(client)
      await settle()
      const closing = client.close({ drainMs: 1_000 })
      await world.clock.advance(1_000)
      world.onStateWrite = (_update, write) => write()
      // The release arrives, or it is repeated until the client has closed.
      world.onSend = (text) => isAnswered || typeOf(text) !== 'release'
      const other = world.client<Counter>()
      const rival = increment(other, 'other')
      await world.clock.advance(2_000)
      land()
      expect(await world.finish(committing)).toBe(2)
      await world.finish(closing)
      expect(client.health()).toMatchObject({ state: 'closed', heldSessions: 0 })
      expect(await world.finish(rival, 20_000)).toBe(2)
      await world.finish(other.close())
      expect(world.clock.pending).toBe(0)
    },
  )

  it.each(['access', 'release'] as const)('leaves no timer of a write that went with another: %s', async (second) => {
    const client = await counting({ flushMs: 60_000 })
    const land = world.stallStateWrites()
    const writes = []
    for (const durability of ['access', second, second === 'access' ? 'release' : 'access'] as const) {
      writes.push(increment(client, ID, { durability }))
      await settle()
    }
    land()
    await world.finish(Promise.all(writes))
    await world.finish(client.close())
    expect(world.clock.pending).toBe(0)
  })

  it('keeps nothing of its sessions, of those in use neither', async () => {
    const client = await counting()
    const running = quiet(client.access(ID, 'all', () => new Promise<void>((end) => world.clock.after(60_000, end))))
    await settle()
    await world.finish(client.close({ drainMs: 0 }))
    await expect(running).rejects.toMatchObject({ code: 'CLOSED' })
    // The work ends some day.
    await world.clock.advance(60_000)
    expect(leftIn(client)).toEqual([])
  })

  it('closes the connection before the current one, too', async () => {
    const client = await counting({ idleReleaseMs: 3 * 3_600_000 })
    const greetings: string[] = []
    world.onSend = (text) => {
      if (typeOf(text) === 'hello') greetings.push(text)
      return true
    }
    for (let s = 0; s < 7_200 && greetings.length === 0; s += 1) await world.clock.advance(1_000)
    expect(greetings).toHaveLength(1)
    await world.finish(client.close())
    expect(world.clock.pending).toBe(0)
  })

  it('has lost nothing where the store refuses a renewal that its farewell has overtaken', async () => {
    const client = await counting()
    const lost = jest.fn()
    client.on('lost', lost)
    const late: (() => void)[] = []
    let isRenewal = false
    world.onSend = (text) => {
      isRenewal = typeOf(text) === 'renew'
      return true
    }
    world.onRequest = (arrive) => (isRenewal ? void late.push(arrive) : arrive())
    for (let ms = 0; ms < 5_000 && late.length === 0; ms += 50) await world.clock.advance(50)
    expect(late).toHaveLength(1)
    const answers: (() => void)[] = []
    world.onDeliver = (arrive) => void answers.push(arrive)
    const closing = client.close()
    await settle()
    expect(types()).toContain('retire')
    late[0]?.()
    await settle()
    expect(answers).toHaveLength(2)
    for (const arrive of answers.reverse()) arrive()
    await world.finish(closing)
    expect(lost).not.toHaveBeenCalled()
  })

  it('waits no longer than the shortest time that it was given, by a later call too', async () => {
    const client = await counting()
    const lost = jest.fn()
    client.on('lost', lost)
    const running = quiet(client.access(ID, { write: ['count'] }, () => new Promise(() => {})))
    await settle()
    const closing = client.close({ drainMs: 60_000 })
    await world.clock.advance(1_000)
    expect(client.close({ drainMs: 120_000 })).toBe(closing)
    expect(client.close({ drainMs: 2_000 })).toBe(closing)
    await world.clock.advance(1_999)
    expect(types()).not.toContain('retire')
    await world.finish(closing, 100)
    const error = { code: 'CLOSED', message: expect.stringContaining('still running after drainMs at close()') }
    await expect(running).rejects.toMatchObject(error)
    expect(lost).toHaveBeenCalledWith(expect.objectContaining({ error: expect.objectContaining(error) }))
    await expect(client.access(ID, 'all', () => {})).rejects.toThrow('this Holdfast client is closed: create a new one')
    await expectSilence()
  })
})
