import type { Session } from '../../../client/access/session.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

type Attributes = Record<string, unknown>

describe('the state of a session, as an object', () => {
  const ID = 'an id'
  let world: World
  let holdfast: Holdfast<Attributes>
  beforeEach(async () => {
    world = new World()
    holdfast = world.client<Attributes>()
    await access('all', ({ state }) => void Object.assign(state, { a: 1, tags: ['x'], nothing: null }))
  })
  afterEach(() => world.close())

  const access = <R>(locks: object | 'all', work: (session: Session<Attributes>) => R) =>
    world.finish(holdfast.access(ID, locks as 'all', work as never) as unknown as Promise<Awaited<R>>)

  it('lists what is locked and there, with what the access has set and without what it has deleted', async () => {
    const names = await access('all', (session) => {
      const { state } = session
      session.delete('a')
      state.b = 2
      return [Object.keys(state), 'a' in state, 'b' in state, 'c' in state, state.a]
    })
    expect(names).toEqual([['tags', 'nothing', 'b'], false, true, false, undefined])
    expect(await access({ read: ['tags'] }, ({ state }) => Object.keys(state))).toEqual(['tags'])
  })

  it('has no properties but attributes: symbols are neither there nor can they be set, deleted or defined', async () => {
    const symbol = Symbol('mine')
    await access('all', ({ state }) => {
      expect(Reflect.get(state, symbol)).toBeUndefined()
      expect(Reflect.set(state, symbol, 1)).toBe(false)
      expect(Reflect.deleteProperty(state, symbol)).toBe(false)
      expect(Reflect.has(state, symbol)).toBe(false)
      expect(Reflect.getOwnPropertyDescriptor(state, symbol)).toBeUndefined()
      expect(Reflect.getOwnPropertyDescriptor(state, 'missing')).toBeUndefined()
      expect(Reflect.getOwnPropertyDescriptor(state, 'a')).toMatchObject({ value: 1, enumerable: true })
      expect(Reflect.defineProperty(state, 'a', { value: 2 })).toBe(false)
      expect(Reflect.deleteProperty(state, 'a')).toBe(true)
    })
    expect(await access({ all: 'read' }, ({ state }) => ({ ...state }))).toEqual({ tags: ['x'], nothing: null })
  })

  it('refuses undefined, and names what would delete', async () => {
    const setting = access('all', ({ state }) => void (state.a = undefined))
    await expect(setting).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      path: 'a',
      message: "a: undefined cannot be stored: use session.delete('a'), or set undefinedValues to 'drop'",
    })
  })

  it('gives null as it is, under either lock', async () => {
    expect(await access({ read: ['nothing'] }, ({ state }) => state.nothing)).toBeNull()
    expect(await access({ write: ['nothing'] }, ({ state }) => state.nothing)).toBeNull()
  })

  it('writes nothing where a value was set to what it was, or what is not there was deleted', async () => {
    const writesBefore = world.traffic.updates.length
    await access('all', (session) => {
      session.state.a = 1
      session.delete('missing')
    })
    expect(world.traffic.updates.length).toBe(writesBefore)
  })
})
