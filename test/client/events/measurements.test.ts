import type { HoldfastEvents } from '../../../client/events.js'
import type { Holdfast } from '../../../client/holdfast.js'
import type { Clock } from '../../../client/ports.js'
import { World } from '../../support/world.js'

interface State {
  n: number
}

const ID = 'a'

type Told = { [E in keyof HoldfastEvents]: readonly [E, HoldfastEvents[E][0]] }[keyof HoldfastEvents]

/** All that a client tells from now on. */
function eventsOf(client: Holdfast<State>): Told[] {
  const told: Told[] = []
  for (const event of ['granted', 'wanted', 'released', 'lost'] as const) {
    client.on(event, (payload: HoldfastEvents[typeof event][0]) => void told.push([event, payload] as Told))
  }
  return told
}

const names = (told: readonly Told[]) => told.map(([event]) => event)

describe('what the events of a grant measure', () => {
  let world: World
  let client: Holdfast<State>
  let other: Holdfast<State>
  beforeEach(() => {
    world = new World({ leaseMs: 60_000, maxBusyMs: 20_000 })
    client = world.client<State>()
    other = world.client<State>()
  })
  afterEach(() => world.close())

  /** A client whose wall clock can be put forward, so that its process id dies although it is connected. */
  const leaping = () => {
    let offMs = 0
    const clock: Clock = {
      wallMs: () => world.clock.wallMs() + offMs,
      monotonicMs: () => world.clock.monotonicMs(),
      after: (ms, fire) => world.clock.after(ms, fire),
    }
    return { client: world.client<State>({}, clock), leap: () => void (offMs = 70_000) }
  }

  const use = (of: Holdfast<State>, id = ID) =>
    world.finish(
      of.access(id, 'all', ({ state }) => void (state.n = (state.n ?? 0) + 1)),
      40_000,
    )
  /** An access that ends after so much virtual time. */
  const useFor = (of: Holdfast<State>, ms: number) =>
    of.access(ID, 'all', () => new Promise<void>((resolve) => world.clock.after(ms, resolve)))

  it('a session that nobody has is granted without a wait, held, and released without a handoff', async () => {
    await use(client, 'the connection')
    const told = eventsOf(client)
    await use(client)
    await world.clock.advance(1_000)
    const releasing = client.release(ID)
    await world.clock.advance(0)
    await releasing
    const session = expect.stringMatching(/^test#[\w-]{43}$/)
    const epoch = expect.any(Number)
    expect(told).toEqual([
      ['granted', { session, epoch, waitedMs: 0 }],
      // The access above was given 50 ms.
      ['released', { session, epoch, heldMs: 1_050, handoffMs: undefined }],
    ])
  })

  it('the wait for a holder is measured on both sides', async () => {
    await use(other, 'the connection')
    const [holder, waiter] = [eventsOf(client), eventsOf(other)]
    const busy = useFor(client, 7_000)
    await world.clock.advance(2_000)
    const waiting = use(other)
    await world.clock.advance(5_000)
    await Promise.all([busy, waiting])
    expect(holder).toMatchObject([
      ['granted', { waitedMs: 0 }],
      ['wanted', {}],
      ['released', { heldMs: 7_000, handoffMs: 5_000 }],
    ])
    expect(waiter).toMatchObject([['granted', { waitedMs: 5_000 }]])
    expect(new Set(holder.map(([, payload]) => (payload as { epoch: number }).epoch)).size).toBe(1)
  })

  it('a session that another process waits for already is wanted from the start', async () => {
    const third = world.client<State>()
    const told = eventsOf(other)
    const busy = useFor(client, 3_000)
    await world.clock.advance(1)
    const waiting = Promise.all([useFor(other, 1_000), use(third)])
    await world.clock.advance(4_000)
    await Promise.all([busy, waiting])
    expect(told).toMatchObject([
      ['granted', {}],
      ['wanted', {}],
      ['released', { heldMs: 1_000, handoffMs: 1_000 }],
    ])
  })

  it('a session is wanted once, although several processes ask for it again and again', async () => {
    const told = eventsOf(client)
    const busy = useFor(client, 15_000)
    await world.clock.advance(1)
    const waiting = Promise.all([other, world.client<State>(), world.client<State>()].map((one) => use(one)))
    await world.clock.advance(15_000)
    await Promise.all([busy, waiting])
    expect(world.traffic.pushed.filter(({ type }) => type === 'revoke').length).toBeGreaterThan(1)
    expect(names(told)).toEqual(['granted', 'wanted', 'released'])
  })

  it('a wait that goes on under another process id is measured from its start', async () => {
    const { client: waiter, leap } = leaping()
    await use(waiter, 'its own')
    const told = eventsOf(waiter)
    const busy = useFor(client, 18_000)
    await world.clock.advance(100)
    const waiting = waiter.access(ID, 'all', () => {}, { timeoutMs: 600_000 })
    await world.clock.advance(10_000)
    leap()
    await world.finish(Promise.all([busy, waiting]), 60_000)
    expect(names(told).slice(0, 2)).toEqual(['lost', 'granted'])
    expect((told[1] as ['granted', HoldfastEvents['granted'][0]])[1].waitedMs).toBeGreaterThanOrEqual(17_900)
  })

  it('a wait that was given up is not part of the next one', async () => {
    const busy = useFor(client, 10_000)
    await world.clock.advance(1)
    const told = eventsOf(other)
    const givenUp = other.access(ID, 'all', () => {}, { timeoutMs: 3_000 })
    givenUp.catch(() => {})
    await world.clock.advance(3_000)
    await expect(givenUp).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' })
    await world.clock.advance(4_999)
    const waiting = use(other)
    await world.clock.advance(2_000)
    await Promise.all([busy, waiting])
    expect(told).toMatchObject([['granted', { waitedMs: 2_000 }]])
  })

  it('a loss has the time for which the session was held', async () => {
    const told = eventsOf(client)
    await use(client)
    world.partition(client)
    await world.clock.advance(60_000)
    expect(told).toMatchObject([
      ['granted', {}],
      ['lost', { error: { code: 'SESSION_LOST', reason: 'unreachable' }, unwritten: 0 }],
    ])
    const { heldMs } = (told[1] as ['lost', HoldfastEvents['lost'][0]])[1]
    expect(heldMs).toBeGreaterThan(50_000)
    expect(heldMs).toBeLessThanOrEqual(60_050)
  })

  describe('every grant ends in one event', () => {
    /** The names of the events of each grant, in the order of the grants. */
    const grants = (told: readonly Told[]) => {
      const byGrant = new Map<string, string[]>()
      for (const [event, payload] of told) {
        const { session, epoch } = payload as { session: string; epoch: number }
        const grant = `${session} ${epoch}`
        byGrant.set(grant, [...(byGrant.get(grant) ?? []), event])
      }
      return [...byGrant.values()]
    }

    const freeze = async () => {
      world.clock.freeze(60_000)
      await client.access(ID, 'all', () => {})
    }
    const closeUnder = async () => {
      const stuck = useFor(client, 60_000)
      await Promise.all([stuck.catch(() => {}), client.close({ drainMs: 10 })])
    }
    const released = [['granted', 'released']]

    it.each<[string, () => Promise<unknown>, string[][]]>([
      ['that is released', async () => client.release(ID), released],
      ['that another process gets', () => use(other), [['granted', 'wanted', 'released']]],
      ['that is destroyed', () => client.destroy(ID), released],
      ['that is held when the client closes', () => client.close(), released],
      ['whose access still runs when the client closes', closeUnder, [['granted', 'lost']]],
      ['whose lease ends', freeze, [['granted', 'lost'], ['granted']]],
    ])('a session %s', async (_what, act, expected) => {
      const told = eventsOf(client)
      await use(client)
      await world.finish(act(), 10_000)
      expect(grants(told)).toEqual(expected)
    })

    it('a session that moves to another id, and the other', async () => {
      const told = eventsOf(client)
      await use(client)
      await world.finish(client.rotate(ID))
      expect(grants(told)).toEqual([['granted', 'released'], ['granted']])
    })

    it('but one that does not exist, and must, is not granted', async () => {
      const told = eventsOf(client)
      const missing = client.access(ID, 'all', () => {}, { ifMissing: 'fail' })
      await expect(world.finish(missing)).rejects.toMatchObject({ code: 'SESSION_MISSING' })
      expect(told).toEqual([])
    })

    /** Claims take until the returned function is called. */
    const holdClaims = () => {
      let goOn = () => {}
      const gate = new Promise<void>((resolve) => (goOn = resolve))
      world.onStateWrite = (_update, write) => gate.then(write)
      return goOn
    }
    const begin = async (claiming = client) => {
      const told = eventsOf(claiming)
      const goOn = holdClaims()
      claiming.access(ID, 'all', () => {}, { timeoutMs: 600_000 }).catch(() => {})
      await world.clock.advance(100)
      expect(grants(told)).toEqual([['granted']])
      return { told, goOn }
    }

    it('a session whose claim ends when the client has closed', async () => {
      const { told, goOn } = await begin()
      await world.finish(client.close({ drainMs: 0 }), 10_000)
      goOn()
      await world.clock.advance(1_000)
      expect(grants(told)).toEqual(released)
    })

    it('a session whose claim takes longer than another process waits', async () => {
      const { told, goOn } = await begin()
      other.access(ID, 'all', () => {}, { timeoutMs: 600_000 }).catch(() => {})
      await world.clock.advance(world.timing.busyAfterMs + world.timing.maxBusyMs)
      expect(grants(told)[0]).toEqual(['granted', 'wanted', 'released'])
      goOn()
      await world.clock.advance(1_000)
    })

    it('a session whose process id dies during its claim', async () => {
      const { client: claiming, leap } = leaping()
      const { told, goOn } = await begin(claiming)
      leap()
      // Its id is found to be dead when the next message comes.
      const asking = other.access(ID, 'all', () => {}, { timeoutMs: 600_000 })
      await world.clock.advance(1_000)
      expect(grants(told)[0]).toEqual(['granted', 'lost'])
      goOn()
      await world.finish(asking, 60_000)
      await world.clock.advance(20_000)
      expect(grants(told)).toHaveLength(2)
      expect(grants(told)[0]).toEqual(['granted', 'lost'])
    })

    it('a session whose claim a fence refuses', async () => {
      const told = eventsOf(client)
      const fence = String(world.clock.wallMs() + 60_000)
      world.onStateWrite = async (update, write) => {
        await world.memory.update({
          table: 'sessions',
          key: update.key,
          condition: 'attribute_not_exists(fence)',
          update: 'SET fence = :fence',
          names: {},
          values: { ':fence': { N: fence } },
          returns: 'none',
        })
        return write()
      }
      const fenced = client.access(ID, 'all', () => {})
      fenced.catch(() => {})
      await world.clock.advance(1_000)
      expect(grants(told)[0]).toEqual(['granted', 'released'])
    })
  })
})
