import assert from 'node:assert'
import { format, inspect } from 'node:util'
import { z } from 'zod'
import type { Session } from '../../../client/access/session.js'
import { compileLockRequest } from '../../../client/attribute-locks/lock-request.js'
import { SessionLostError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { RESERVED_NAMES } from '../../../client/options/attribute-name.js'
import { SchemaCheck } from '../../../client/options/schemas.js'
import { AttributeCache } from '../../../client/state/attribute-cache.js'
import type { StateSource } from '../../../client/state/state-source.js'
import { AccessState } from '../../../client/state/state-view.js'
import { World } from '../../support/world.js'

type Attributes = Record<string, unknown>

const ID = 'an id'
const RULES = {
  attributeBytesMax: 1_000_000,
  sessionBytesMax: 1_000_000,
  schemas: new SchemaCheck(),
  undefinedValues: 'refuse',
} as const
const FULL = { a: 1, user: { name: 'Ada', tags: new Set(['x']) }, when: new Date(5), nothing: null }
const PART = { a: 1, when: new Date(5) }

let world: World
let holdfast: Holdfast<Attributes>
beforeEach(async () => {
  world = new World()
  holdfast = world.client<Attributes>()
  await access('all', ({ state }) => void Object.assign(state, FULL))
})
afterEach(() => world.close())

const access = <R>(locks: object | 'all', work: (session: Session<Attributes>) => R) =>
  world.finish(holdfast.access(ID, locks as 'all', work as never) as unknown as Promise<Awaited<R>>)

const LOCKS: [string, object | 'all', object][] = [
  ['all', 'all', FULL],
  ['all for reading', { all: 'read' }, FULL],
  ['some for writing', { write: ['a', 'when', 'missing'] }, PART],
  ['some for either', { write: ['a'], read: ['when'] }, PART],
]

describe.each(LOCKS)('a state of which %s is locked', (_, locks, expected) => {
  test('is shown in full by console.log, and inside of other values', async () => {
    // As it is shown, a value that was read under a shared lock does not tell that it is read-only.
    const shown = await access(locks, ({ state }) => [inspect(state, { depth: 0 }), format('%o', [{ state }]).length])
    expect(shown[0]).toBe(inspect(expected, { depth: 0 }))
    expect(shown[1]).toBeGreaterThan(50)
  })

  test("is equal to a plain object of the same attributes, for node:assert and Jest's matchers", async () => {
    await access(locks, ({ state }) => {
      assert.deepEqual(Object.keys(state).toSorted(), Object.keys(expected).toSorted())
      assert.deepEqual(state, expected)
      assert.deepEqual(expected, state)
      assert.throws(() => assert.deepStrictEqual(state, { ...expected, a: 2 }), /a: 1/)
      assert.throws(() => assert.deepStrictEqual({ ...expected, more: 1 }, state))
      expect(state).toEqual(expected)
      expect(state).toMatchObject({ a: 1 })
      expect(() => expect(state).toEqual({ ...expected, a: 2 })).toThrow('"a": 1')
      expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(expected)))
      expect(Object.getPrototypeOf(state)).toBe(Object.prototype)
    })
  })
})

test('a state is deeply and strictly equal to what was set, whichever side it is on', async () => {
  await access('all', ({ state }) => {
    assert.deepStrictEqual(state, FULL)
    assert.deepStrictEqual(FULL, state)
    assert.deepEqual(state, FULL)
    expect(state).toStrictEqual(FULL)
    state.a = 2
    Reflect.deleteProperty(state, 'when')
    const { when: _, ...rest } = FULL
    assert.deepStrictEqual(state, { ...rest, a: 2 })
    expect(inspect(state)).toBe(inspect({ ...rest, a: 2 }))
  })
})

test('a state whose access has ended, or whose session is lost, is shown as that, and throws nothing', async () => {
  const ended = await access('all', ({ state }) => [state])
  expect(inspect(ended)).toBe('[ [ended: ACCESS_ENDED] ]')
  expect(() => ended[0]?.a).toThrow(expect.objectContaining({ code: 'ACCESS_ENDED' }))
  const request = compileLockRequest('all')
  const lost = (): never => {
    throw new SessionLostError('fenced', 'another process has it')
  }
  const cache = new AttributeCache({ a: { N: '1' } }, RULES)
  expect(inspect(new AccessState(cache, { ticket: { request }, checkUsable: lost }).proxy)).toBe(
    '[ended: SESSION_LOST]',
  )
})

test('an attribute that cannot be read is shown as its error, between the others', async () => {
  const strict = world.client<Attributes>({ schemas: { a: z.string() } })
  await world.finish(holdfast.close())
  const shown = await world.finish(
    strict.access(ID, { read: ['a', 'nothing'] }, ({ state }) => inspect(state, { breakLength: 200 })),
  )
  expect(shown).toBe('{ a: [SCHEMA_MISMATCH], nothing: null }')
})

test('what is shown of a state is no change to it', async () => {
  const writesBefore = world.traffic.updates.length
  await access('all', ({ state }) => inspect(state))
  expect(world.traffic.updates.length).toBe(writesBefore)
})

test('a state cannot be cloned by structuredClone: its spread can', async () => {
  await access('all', ({ state }) => {
    expect(() => structuredClone(state)).toThrow('could not be cloned')
    expect(structuredClone({ ...state })).toEqual(FULL)
  })
})

test('a state cannot be frozen or given another prototype', async () => {
  await access('all', ({ state }) => {
    expect(() => Object.freeze(state)).toThrow(TypeError)
    expect(() => Object.setPrototypeOf(state, null)).toThrow(TypeError)
    expect(Object.isExtensible(state)).toBe(true)
    expect({ ...state }).toEqual(FULL)
  })
})

describe('an attribute whose name promises, JSON or Jest look up', () => {
  const NAMES = ['then', 'toJSON', 'asymmetricMatch', 'nodeType', '$$typeof', '_isMockFunction', 'catch', 'inspect']

  test.each(NAMES)('%s is written, read, listed and deleted as any other', async (name) => {
    const count = (locks: object | 'all') =>
      access(locks, ({ state }) => {
        state[name] = ((state[name] as number) ?? 0) + 1
        return [state[name], name in state, Object.keys(state).includes(name), { ...state }[name]]
      })
    expect(await count({ write: [name] })).toEqual([1, true, true, 1])
    expect(await count('all')).toEqual([2, true, true, 2])
    expect(await access({ read: [name] }, ({ state }) => state[name])).toBe(2)
    expect(await access('all', ({ state }) => inspect(state))).toContain(': 2')
    expect(JSON.parse(await access('all', ({ state }) => JSON.stringify(state)))).toMatchObject({ [name]: 2 })
    await access({ write: [name] }, (session) => session.delete(name))
    expect(await access('all', ({ state }) => [state[name], name in state])).toEqual([undefined, false])
  })

  test('is simply not there where it is not locked, so that a state can be awaited and serialised', async () => {
    await access(
      'all',
      ({ state }) => void Object.assign(state, Object.fromEntries(['then', 'toJSON'].map((name) => [name, 1]))),
    )
    const [json, state] = await access({ write: ['a'] }, async (session) => {
      const awaited = await Promise.resolve(session.state)
      return [JSON.stringify(awaited), { awaited }] as const
    })
    expect(json).toBe('{"a":1}')
    // Also when the access has ended.
    expect(await Promise.resolve(state.awaited)).toBe(state.awaited)
  })
})

describe.each([...RESERVED_NAMES])('the name %s, which plain objects inherit', (name) => {
  test('is refused when it is locked, set or deleted', async () => {
    const refusal = expect.objectContaining({ code: 'INVALID_ARGUMENT' })
    for (const locks of [{ write: [name] }, { read: [name] }, { write: ['a', name] }]) {
      await expect(access(locks, () => {})).rejects.toThrow(refusal)
    }
    await access('all', (session) => {
      expect(() => Reflect.set(session.state, name, 1)).toThrow(refusal)
      expect(() => Reflect.deleteProperty(session.state, name)).toThrow(refusal)
      expect(() => session.delete(name)).toThrow(refusal)
    })
    expect(Object.hasOwn((await holdfast.peek(ID))?.state ?? {}, name)).toBe(false)
  })

  test('is read as on any plain object', async () => {
    await access({ write: ['a'] }, ({ state }) => {
      expect(Reflect.get(state, name)).toBe(Reflect.get({}, name))
      expect(name in state).toBe(name in {})
      expect(Object.hasOwn(state, name)).toBe(false)
    })
  })
})

describe('the cost of enumerating a state', () => {
  /** How often an attribute is looked up or decoded, and how many names are listed, until `use` is done. */
  function cost(attributes: number, use: (state: Attributes) => unknown): number {
    const cache = new AttributeCache({}, RULES)
    cache.apply(new Map(Array.from({ length: attributes }, (_, index) => [`a${index}`, { N: String(index) }])))
    let count = 0
    const counted = <A extends unknown[], R>(method: (...args: A) => R) => {
      return (...args: A): R => {
        count += 1
        return method(...args)
      }
    }
    const source: StateSource = {
      dropsUndefined: false,
      *names() {
        for (const name of cache.names()) {
          count += 1
          yield name
        }
      },
      encoded: counted((name: string) => cache.encoded(name)),
      encode: counted((name: string, value: unknown) => cache.encode(name, value)),
      current: counted((name: string) => cache.current(name)),
      read: counted((name: string) => cache.read(name)),
      readShared: counted((name: string) => cache.readShared(name)),
      checkValue: (name: string, value: unknown) => cache.checkValue(name, value),
    }
    const request = compileLockRequest('all')
    use(new AccessState(source, { ticket: { request }, checkUsable: () => {} }).proxy)
    return count
  }

  test.each<[string, (state: Attributes) => unknown]>([
    ['Object.keys', (state) => Object.keys(state)],
    ['spreading', (state) => ({ ...state })],
    ['JSON.stringify', (state) => JSON.stringify(state)],
    ['inspect', (state) => inspect(state)],
    [
      'for in',
      (state) => {
        for (const name in state) void state[name]
      },
    ],
  ])('grows with the number of attributes, and no faster: %s', (_, use) => {
    const [small, large] = [cost(100, use), cost(1_000, use)]
    expect(small).toBeGreaterThanOrEqual(100)
    expect(large).toBeLessThanOrEqual(10 * small)
  })
})
