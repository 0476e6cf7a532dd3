import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { encodeValue } from '../../../client/codec/index.js'
import { NotLockedError } from '../../../client/errors/index.js'
import { SchemaCheck } from '../../../client/options/schemas.js'
import { AttributeCache } from '../../../client/state/attribute-cache.js'
import { timesEffort } from '../../support/effort.js'
import { settle, World } from '../../support/world.js'
import { supported } from './arbitraries.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`read-only values: SEED=${seed}`)

const VALUES = timesEffort(2_000)

const RULES = {
  schemas: new SchemaCheck(),
  attributeBytesMax: 400_000,
  sessionBytesMax: 400_000,
  undefinedValues: 'refuse',
} as const

/** How often each kind of attempt was made, and how it ended. */
type Tally = Map<string, number>

test(`of ${VALUES} values each reader sees the original, whatever another reader tried on his`, () => {
  const tally: Tally = new Map()
  fc.assert(
    fc.property(supported, (value) => {
      const encoded = encodeValue(value, 'v')
      const cache = new AttributeCache({ v: encoded }, RULES)
      const first = cache.readShared('v')
      if (!isDeepStrictEqual(first, value)) return false
      // It may be stored again, under another name, as what it was.
      if (!isDeepStrictEqual(encodeValue(first, 'w'), encoded)) return false
      tamper(first, tally)
      return isDeepStrictEqual(cache.readShared('v'), value) && isDeepStrictEqual(cache.read('v'), value)
    }),
    { seed, numRuns: VALUES },
  )
  // Everything was tried, and ended as it should.
  expect([...tally.keys()].toSorted()).toEqual(
    [
      'Date.setTime: NotLockedError',
      'Date.setTime by the prototype: accepted',
      'Map.clear by the prototype: accepted',
      'Map.clear: NotLockedError',
      'Map.set: NotLockedError',
      'Set.add: NotLockedError',
      'Set.clear by the prototype: accepted',
      'bytes: accepted',
      'define: TypeError',
      'push: TypeError',
      'setPrototypeOf: TypeError',
    ].toSorted(),
  )
  expect(Math.min(...tally.values())).toBeGreaterThan(0.01 * VALUES)
})

/** Tries to change a value and all that is in it, also by what passes by its own methods. */
function tamper(value: unknown, tally: Tally): void {
  if (typeof value !== 'object' || value === null) return
  const attempt = (what: string, change: () => unknown) => {
    const outcome = outcomeOf(change)
    tally.set(`${what}: ${outcome}`, (tally.get(`${what}: ${outcome}`) ?? 0) + 1)
  }
  if (value instanceof Uint8Array) {
    if (value.length > 0) attempt('bytes', () => value.set([(value[0] ?? 0) + 1]))
    return
  }
  attempt('setPrototypeOf', () => Object.setPrototypeOf(value, {}))
  attempt('define', () => Object.defineProperty(value, 'more', { value: 1 }))
  if (value instanceof Map) {
    for (const [key, part] of value.entries()) {
      tamper(key, tally)
      tamper(part, tally)
    }
    attempt('Map.set', () => value.set('more', 1))
    attempt('Map.clear', () => value.clear())
    attempt('Map.clear by the prototype', () => Map.prototype.clear.call(value))
  } else if (value instanceof Set) {
    for (const member of value.values()) tamper(member, tally)
    attempt('Set.add', () => value.add('more'))
    attempt('Set.clear by the prototype', () => Set.prototype.clear.call(value))
  } else if (value instanceof Date) {
    attempt('Date.setTime', () => value.setTime(17))
    attempt('Date.setTime by the prototype', () => Date.prototype.setTime.call(value, 17))
  } else {
    for (const part of Object.values(value)) tamper(part, tally)
    if (Array.isArray(value)) attempt('push', () => Array.prototype.push.call(value, 'more'))
  }
}

function outcomeOf(change: () => unknown): string {
  try {
    change()
    return 'accepted'
  } catch (error) {
    return error instanceof NotLockedError ? 'NotLockedError' : error instanceof TypeError ? 'TypeError' : String(error)
  }
}

describe('an access that locked an attribute for reading', () => {
  interface State {
    tags: Map<string, string[]>
    seen: Set<string>
    at: Date
    bytes: Uint8Array
    copy: Map<string, string[]>
  }
  const original = () => ({
    tags: new Map([['a', ['b']]]),
    seen: new Set(['x']),
    at: new Date(17),
    bytes: new Uint8Array([1]),
  })
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('fails with a typed error where it changes the value in spite of the types, and nothing is written', async () => {
    const holdfast = world.client<State>()
    const id = await world.finish(holdfast.create(original()))
    const writes = world.traffic.updates.length
    const change = (work: (state: State) => unknown) =>
      world.finish(holdfast.access(id, { all: 'read' }, ({ state }) => void work(state as State)))
    await expect(change(({ tags }) => tags.set('a', []))).rejects.toMatchObject({
      code: 'NOT_LOCKED',
      attribute: 'tags',
    })
    await expect(change(({ tags }) => tags.get('a')?.push('c'))).rejects.toThrow(TypeError)
    await expect(change(({ seen }) => seen.add('y'))).rejects.toMatchObject({ code: 'NOT_LOCKED', attribute: 'seen' })
    await expect(change(({ at }) => at.setTime(0))).rejects.toMatchObject({ code: 'NOT_LOCKED', attribute: 'at' })
    // The documented exception: a copy, whose changes are not kept.
    await change(({ bytes }) => bytes.fill(9))
    await change(({ tags }) => Map.prototype.clear.call(tags))
    await settle()
    const state = await world.finish(holdfast.access(id, { all: 'read' }, (session) => ({ ...session.state })))
    expect(state).toEqual(original())
    expect(world.traffic.updates).toHaveLength(writes)
  })

  it('may store the value under another name, from where it comes back as one that can be changed', async () => {
    const [one, two] = [world.client<State>(), world.client<State>()]
    const id = await world.finish(one.create(original()))
    const copied = one.access(id, { read: ['tags'], write: ['copy'] }, ({ state }) => {
      state.copy = state.tags as State['copy']
    })
    await world.finish(copied)
    const grown = two.access(id, { write: ['copy'], read: ['tags'] }, ({ state }) => {
      state.copy?.set('new', [])
      state.copy?.get('a')?.push('c')
      return [state.copy, state.tags]
    })
    expect(await world.finish(grown, 10_000)).toEqual([
      new Map([
        ['a', ['b', 'c']],
        ['new', []],
      ]),
      original().tags,
    ])
  })
})
