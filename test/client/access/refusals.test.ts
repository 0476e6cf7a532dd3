import { World } from '../../support/world.js'

interface Shop {
  count: number
  tags: Map<string, number>
}

const ID = 'an id'
const OTHER = 'another id'

describe('a refused call inside an access says what to do', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const nested = (message: string) => ({
    code: 'NESTED_ACCESS',
    effect: 'none',
    message: expect.stringContaining(message),
  })

  it.each([
    ['under a random id', undefined],
    ['under another id', OTHER],
    ['under the id of the access', ID],
  ])('create %s', async (_, id) => {
    const client = world.client<Shop>()
    const create = () => client.create({ count: 1 }, id === undefined ? {} : { id })
    for (const locks of ['all', { write: ['count'] }] as const) {
      const outer = client.access(ID, locks, create)
      await expect(world.finish(outer)).rejects.toMatchObject(
        nested('created inside an access: do it after the access'),
      )
    }
    expect(await world.client<Shop>().peek(ID)).toBeUndefined()
  })

  it('create inside run() is refused for the id of its session only', async () => {
    const client = world.client<Shop>()
    const session = await world.finish(client.open(ID, 'all'))
    const create = (id: string) => world.finish(session.run(() => client.create({ count: 1 }, { id })))
    await expect(create(ID)).rejects.toMatchObject(nested('do it after the access'))
    expect(await create(OTHER)).toBe(OTHER)
    await world.finish(session.close())
  })

  it('an access to another session, alone or among several', async () => {
    const client = world.client<Shop>()
    const inside = (work: () => Promise<void>) => world.finish(client.access(ID, 'all', work))
    await expect(inside(() => client.access(OTHER, 'all', () => {}))).rejects.toMatchObject(
      nested('use accessMany for both'),
    )
    await expect(inside(() => client.accessMany([ID, OTHER], 'all', () => {}))).rejects.toMatchObject(
      nested('may name only sessions of the accesses around it'),
    )
    const session = await world.finish(client.open(ID, 'all'))
    const mixed = session.run(() => client.accessMany([ID, OTHER], 'all', () => {}))
    await expect(world.finish(mixed)).rejects.toMatchObject(nested('may name only sessions of the accesses around it'))
    await world.finish(session.close())
  })

  it('an access with an id that the access around it has rotated away', async () => {
    const client = world.client<Shop>()
    await world.finish(client.create({ count: 1 }, { id: ID }))
    const ids: string[] = [ID]
    const outer = client.access(ID, 'all', async (session) => {
      for (const to of ['second', 'third']) ids.push(await session.rotate({ to }))
      const read = (id: string) => client.access(id, { read: ['count'] }, ({ state }) => state.count)
      for (const id of ids.slice(0, 2)) {
        await expect(read(id)).rejects.toMatchObject(nested('this session has a new id since rotate()'))
      }
      await expect(read(OTHER)).rejects.toMatchObject(nested('use accessMany for both'))
      return read('third')
    })
    expect(await world.finish(outer)).toBe(1)
  })

  it('a change to what a peek has seen', async () => {
    const client = world.client<Shop>()
    await world.finish(client.create({ count: 1 }, { id: ID }))
    const state = (await client.peek(ID))?.state as { count?: number }
    const refusal = expect.objectContaining({
      code: 'NOT_LOCKED',
      attribute: 'count',
      message: expect.stringContaining('is read-only in a peek'),
    })
    expect(() => (state.count = 2)).toThrow(refusal)
    expect(() => delete state.count).toThrow(refusal)
    expect(state.count).toBe(1)
  })

  it('an attribute that is undefined in create', async () => {
    const created = world.client().create({ count: undefined })
    await expect(created).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      path: 'count',
      message: "count: undefined cannot be stored: leave it out, or set undefinedValues to 'drop'",
    })
  })
})
