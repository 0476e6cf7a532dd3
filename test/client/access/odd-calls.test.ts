import { SchemaError } from '../../../client/errors/index.js'
import type { StandardSchema } from '../../../client/options/schemas.js'
import { fromWire, toWire } from '../../../client/worker/wire-error.js'
import { World } from '../../support/world.js'

interface Shop {
  a: number
}

const ID = 'an id'

describe('a call that programs seldom make', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const set = (a: number, id = ID) =>
    world.finish(world.client<Shop>().access(id, 'all', ({ state }) => void (state.a = a)))

  it('a peek that DynamoDB refuses says why, and that it has changed nothing', async () => {
    const client = world.client<Shop>()
    expect(await world.finish(client.peek(ID))).toBeUndefined()
    const read = world.memory.get.bind(world.memory)
    world.memory.get = async (table, key) => {
      if (table !== 'sessions') return read(table, key)
      throw Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
    }
    const peeked = world.finish(client.peek(ID))
    await expect(peeked).rejects.toMatchObject({
      code: 'REFUSED',
      reason: 'FORBIDDEN',
      effect: 'none',
      retryable: false,
    })
    await expect(peeked).rejects.toThrow('cannot read the session: these credentials may not use the sessions table')
  })

  it('a nested accessMany joins the outer one, whatever the order of its ids', async () => {
    const client = world.client<Shop>()
    const states = client.accessMany(['one', 'two'], 'all', ([one, two]) => {
      if (one !== undefined) one.state.a = 1
      if (two !== undefined) two.state.a = 2
      return client.accessMany(['two', 'one'], { read: ['a'] }, (sessions) => sessions.map(({ state }) => state.a))
    })
    expect(await world.finish(states)).toEqual([2, 1])
  })

  it('a rotation to an id that was rotated away, or is in use, is refused and changes nothing', async () => {
    const client = world.client<Shop>()
    await set(1)
    await set(2, 'in use')
    await set(3, 'old')
    await world.finish(client.rotate('old'), 60_000)
    for (const [to, problem] of [
      ['old', 'was the id of a session that was rotated'],
      ['in use', 'is in use'],
    ] as const) {
      const rotated = world.finish(
        client.rotate(ID, () => {}, { to }),
        60_000,
      )
      await expect(rotated).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(problem),
      })
    }
    expect((await world.finish(client.peek(ID)))?.state).toEqual({ a: 1 })
  })

  it('a SchemaError names the path, whether its steps are keys or say theirs', async () => {
    const path = ['items', { key: 0 }, { key: 'name' }]
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'too short', path }] }) },
    }
    const client = world.client<Shop>({ schemas: { a: schema } })
    const setting = world.finish(client.access(ID, 'all', ({ state }) => void (state.a = 1)))
    const error = await setting.catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SchemaError)
    expect((error as SchemaError).issues).toEqual([{ message: 'too short', path: ['items', '0', 'name'] }])
  })

  it('an error of the application keeps its name on its way to a worker thread, and needs no stack', () => {
    const own = Object.assign(new Error('mine'), { name: 'OwnError' })
    delete (own as { stack?: string }).stack
    expect(fromWire(toWire(own))).toMatchObject({ name: 'OwnError', message: 'mine' })
    expect(fromWire(toWire(undefined)).message).toBe('undefined')
    expect(fromWire(toWire({ issues: [() => {}] }))).not.toHaveProperty('issues')
  })
})
