import { World } from '../../support/world.js'

interface Shop {
  count: number
}

const ID = 'an id'

describe('a session that is opened for a scope', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('keeps what was committed and discards the rest', async () => {
    const client = world.client<Shop>()
    const session = await world.finish(client.open(ID, { write: ['count'] }))
    session.state.count = 1
    await world.finish(session.commit())
    session.state.count = 2
    await session[Symbol.asyncDispose]()
    await session[Symbol.asyncDispose]()
    expect(() => session.state.count).toThrow(/has ended/)
    expect(await client.access(ID, { read: ['count'] }, ({ state }) => state.count)).toBe(1)
  })

  it('keeps its locks until it is disposed of', async () => {
    const client = world.client<Shop>()
    const session = await world.finish(client.open(ID, { write: ['count'] }))
    let isIn = false
    const waiting = client.access(ID, { write: ['count'] }, () => {
      isIn = true
    })
    await world.clock.advance(1_000)
    expect(isIn).toBe(false)
    await session[Symbol.asyncDispose]()
    await world.finish(waiting)
    expect(isIn).toBe(true)
  })
})
