import { settle, World } from '../../support/world.js'

interface Counter {
  count: number
}

const ID = 'an id'

describe('releaseUnused', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const client = (options: object = {}) => world.client<Counter>(options)
  const increment = ({ state }: { readonly state: Partial<Counter> }) => {
    state.count = (state.count ?? 0) + 1
    return state.count
  }
  /** The locks that are held by the store's records. */
  const held = () =>
    [...world.memory.items('locks').values()].map(({ holder }) => JSON.stringify(holder)).filter(isHolder).length
  const isHolder = (holder: string | undefined) => holder !== undefined && !holder.includes('"p":{"S":""}')

  it('gives everything back that is held, so that the next process asks nobody', async () => {
    const [first, second] = [client(), client()]
    for (const id of ['a', 'b', 'c']) await world.finish(first.access(id, 'all', increment))
    expect(first.health().heldSessions).toBe(3)
    await world.finish(first.releaseUnused())
    expect(first.health().heldSessions).toBe(0)
    world.traffic.pushed.length = 0
    expect(await world.finish(second.access('a', 'all', increment))).toBe(2)
    expect(world.traffic.pushed).toEqual([])
  })

  it('resolves only when the store has confirmed what was on its way back already', async () => {
    const holder = client({ holdPolicy: 'perAccess' })
    const arrivals: (() => void)[] = []
    await world.finish(holder.access(ID, 'all', increment))
    await world.finish(holder.releaseUnused())
    world.onRequest = (arrive) => void arrivals.push(arrive)
    let isBack = false
    const running = holder.access(ID, 'all', increment)
    await settle()
    for (const arrive of arrivals.splice(0)) arrive()
    await world.finish(running)
    const back = holder.releaseUnused().then(() => {
      isBack = true
    })
    await settle()
    expect({ isBack, left: arrivals.length }).toEqual({ isBack: false, left: 1 })
    for (const arrive of arrivals.splice(0)) arrive()
    await world.finish(back)
    expect(held()).toBe(0)
  })

  it('waits for a commit that is under way', async () => {
    const holder = client()
    await world.finish(holder.access(ID, 'all', increment))
    const session = await world.finish(holder.open(ID, 'all'))
    increment(session)
    const land = world.stallStateWrites()
    const closed = session.close()
    await settle()
    let isBack = false
    const back = holder.releaseUnused().then(() => {
      isBack = true
    })
    await world.clock.advance(100)
    expect(isBack).toBe(false)
    land()
    await world.finish(Promise.all([closed, back]))
    expect((await world.finish(client().peek(ID)))?.state.count).toBe(2)
  })

  it('leaves alone what an access uses, or waits for', async () => {
    const [holder, waiter] = [client(), client()]
    const session = await world.finish(holder.open(ID, 'all'))
    const waiting = waiter.access(ID, 'all', increment)
    await world.clock.advance(100)
    await world.finish(Promise.all([holder.releaseUnused(), waiter.releaseUnused()]))
    increment(session)
    await world.finish(session.close())
    expect(await world.finish(waiting)).toBe(2)
  })

  it('gives back a session whose claim is still under way, when nobody waits for it any more', async () => {
    const holder = client()
    const before = client()
    await world.finish(before.access(ID, 'all', increment))
    await world.finish(before.releaseUnused())
    const end = new AbortController()
    let land = () => {}
    const claiming = new Promise<void>((begun) => {
      world.onStateWrite = async (_update, write) => {
        begun()
        await new Promise<void>((resolve) => {
          land = resolve
        })
        return write()
      }
    })
    const access = holder.access(ID, 'all', increment, { signal: end.signal })
    await world.finish(claiming)
    end.abort()
    await expect(world.finish(access)).rejects.toMatchObject({ code: 'ABORTED' })
    const back = holder.releaseUnused()
    world.onStateWrite = (_update, write) => write()
    land()
    await world.finish(back)
    expect(held()).toBe(0)
    expect(await world.finish(client().access(ID, 'all', increment))).toBe(2)
  })

  it('gives up where the store does not answer', async () => {
    const holder = client()
    await world.finish(holder.access(ID, 'all', increment))
    world.partition(holder)
    await world.finish(holder.releaseUnused(), 60_000)
    expect(holder.health().heldSessions).toBe(0)
  })

  it('does nothing where nothing is held', async () => {
    const idle = client()
    await world.finish(idle.releaseUnused())
    expect(world.traffic.sent).toEqual([])
  })
})
