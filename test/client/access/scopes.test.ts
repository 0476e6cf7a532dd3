import type { Holdfast } from '../../../client/holdfast.js'
import { Gate } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'
import { codeOf, ID, OTHER, type Shop } from './nested.js'

describe('an access finds the ones around it', () => {
  let world: World
  let a: Holdfast<Shop>
  let b: Holdfast<Shop>
  beforeEach(() => {
    world = new World()
    a = world.client<Shop>({ namespace: 'a' })
    b = world.client<Shop>({ namespace: 'b' })
  })
  afterEach(() => world.close())

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)

  it('through one of another client, whose sessions are others', async () => {
    const joined = a.access(ID, 'all', ({ state }) => {
      state.count = 1
      return b.access(ID, 'all', () => a.access(ID, { read: ['count'] }, (inner) => inner.state.count))
    })
    expect(await finish(joined)).toBe(1)
    const both = a.access(ID, 'all', () =>
      b.access(ID, 'all', (other) => {
        other.state.note = 'b'
        return a.access(ID, 'all', () => b.access(ID, 'all', ({ state }) => state.note))
      }),
    )
    expect(await finish(both)).toBe('b')
  })

  it('through one of another client, where it would wait for itself', async () => {
    const codes = a.access(ID, { write: ['count'] }, () =>
      b.access(ID, 'all', async () => [
        await codeOf(a.access(OTHER, 'all', () => {})),
        await codeOf(a.access(ID, { write: ['note'] }, () => {})),
        await codeOf(a.accessMany([ID, OTHER], { read: ['count'] }, () => {})),
        await codeOf(a.destroy(OTHER)),
        await codeOf(a.rotate(OTHER)),
        await codeOf(a.release(ID)),
      ]),
    )
    expect(await finish(codes)).toEqual(Array(6).fill('NESTED_ACCESS'))
  })

  it('of another client of the same store, which holds the same session: it would wait for itself', async () => {
    const twin = world.client<Shop>({ namespace: 'a' })
    const codes = a.access(ID, 'all', async () => [
      await codeOf(twin.access(ID, { read: ['count'] }, () => {})),
      await codeOf(twin.accessMany([OTHER, ID], 'all', () => {})),
      await codeOf(twin.destroy(ID)),
      await codeOf(twin.rotate(ID)),
      await codeOf(twin.release(ID)),
      await codeOf(twin.open(ID, { read: ['count'] })),
      await codeOf(twin.access(OTHER, 'all', () => 'free')),
      await codeOf(b.access(ID, 'all', () => twin.access(ID, 'all', () => {}))),
    ])
    const refused = 'NESTED_ACCESS'
    expect(await finish(codes)).toEqual([...Array(6).fill(refused), { value: 'free' }, refused])
  })

  it('not where a client of another store has a session of the same name', async () => {
    const config = { url: 'wss://elsewhere.invalid/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
    const elsewhere = new World()
    const far = elsewhere.client<Shop>({ namespace: 'a', config })
    const access = a.access(ID, 'all', () => elsewhere.finish(far.access(ID, 'all', () => 'another store')))
    expect(await finish(access)).toBe('another store')
    await elsewhere.close()
  })

  it('in each of several around it', async () => {
    const access = a.accessMany([ID, OTHER], 'all', ([one, two]) => {
      one.state.count = 1
      two.state.count = 2
      return a.access(ID, 'all', () => a.access(OTHER, 'all', ({ state }) => state.count))
    })
    expect(await finish(access)).toBe(2)
  })

  it('not where they have ended: what an access left running begins one of its own', async () => {
    const gate = new Gate()
    let late: Promise<unknown> = Promise.resolve()
    await finish(
      a.access(ID, { write: ['count'] }, () =>
        b.access(ID, 'all', () => {
          late = gate.passed.then(() => a.access(OTHER, 'all', () => 'its own'))
        }),
      ),
    )
    gate.open()
    expect(await finish(late)).toBe('its own')
  })

  it('beyond a nested one that has ended', async () => {
    const codes = a.access(ID, { write: ['count'] }, async ({ state }) => {
      const gate = new Gate()
      let late: Promise<unknown> = Promise.resolve()
      const leaveRunning = () => {
        late = gate.passed.then(async () => [
          await codeOf(a.access(ID, { write: ['count'] }, (inner) => (inner.state.count = 7))),
          await codeOf(a.access(OTHER, 'all', () => {})),
        ])
      }
      await a.access(ID, { read: ['count'] }, leaveRunning)
      await b.access(ID, 'all', () => a.access(ID, { read: ['count'] }, leaveRunning))
      gate.open()
      const outcomes = await late
      return { outcomes, count: state.count }
    })
    expect(await finish(codes)).toEqual({ outcomes: [{ value: 7 }, 'NESTED_ACCESS'], count: 7 })
  })

  it('not where the outer one has ended, though a nested one still runs', async () => {
    const [gate, end] = [new Gate(), new Gate()]
    let late: Promise<unknown> = Promise.resolve()
    await finish(
      a.access(ID, 'all', () => {
        late = codeOf(
          a.access(ID, 'all', async () => {
            await gate.passed
            const own = await codeOf(a.access(ID, 'all', () => 'too late'))
            end.open()
            return own
          }),
        )
      }),
    )
    gate.open()
    await finish(end.passed)
    expect(await finish(late)).toBe('ACCESS_ENDED')
  })

  it('not in a chain of timers, each of which begins an access', async () => {
    const made = { accesses: 0 }
    const again = (): Promise<void> =>
      a.access(ID, { write: ['count'] }, ({ state }) => {
        state.count = (state.count ?? 0) + 1
        made.accesses += 1
        if (made.accesses < 20) void settle().then(again)
      })
    await finish(again())
    for (let waited = 0; made.accesses < 20 && waited < 100; waited += 1) await world.clock.advance(10)
    expect((await finish(a.peek(ID)))?.state.count).toBe(20)
  })
})
