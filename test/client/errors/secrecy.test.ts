import { inspect } from 'node:util'
import { z } from 'zod'
import type { Session } from '../../../client/access/session.js'
import { HoldfastError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { Gate } from '../../support/counting.js'
import { settle } from '../../support/world.js'
import { closeEnds, type Ends, makeEnds } from '../worker/this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

type Anything = Record<string, unknown>
type Client = Holdfast<Anything>
type Untyped = { readonly [method: string]: (...args: unknown[]) => Promise<unknown> }
type Case = readonly [what: string, fail: (id: string) => unknown, code: string]

const SECRET = 'Secret-value-0815'
/** Ids as applications make them. */
const IDS = [
  'q7Zk0Xh3Lr_9aVt-WbN2mCjYpS5fEoU8dGi1KxTlQ4w',
  '0f8fad5b-d9cb-469f-a165-70867728950e',
  'd41d8cd98f00b204e9800998ecf8427e',
  'qXwErTyUiOpAsDfGhJkLzX',
  'ada.lovelace+shop@example.com',
]
const NAN = { toString: () => SECRET, deep: Number.NaN }
const work = () => {}

/** All that an error shows, with its causes. */
function shownBy(error: unknown): string {
  const parts = [inspect(error, { depth: 20, breakLength: 1_000 }), JSON.stringify(error)]
  for (let each = error; each instanceof Error; each = each.cause) parts.push(each.message, each.stack ?? '')
  return parts.join('\n')
}

const partsOf = (text: string): readonly string[] =>
  Array.from({ length: text.length - 7 }, (_, index) => text.slice(index, index + 8))

describe.each(IDS)('no error shows the id, or a part of it, or a value: %#', (id) => {
  let ends: Ends
  let client: Client
  beforeEach(() => {
    ends = makeEnds()
    client = ends.holdfast as never
  })
  afterEach(() => closeEnds(ends))

  const finish = <T>(promise: Promise<T>) => ends.world.finish(promise, 60_000)
  const expectHidden = async (fail: () => unknown, code: string): Promise<void> => {
    const error = await finish(
      (async () => fail())().then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
    )
    expect(error).toBeInstanceOf(HoldfastError)
    expect((error as HoldfastError).code).toBe(code)
    const shown = shownBy(error)
    expect([...partsOf(id), ...partsOf(SECRET)].filter((part) => shown.includes(part))).toEqual([])
  }
  const every = (cases: readonly Case[]) => cases.map(([what, fail, code]) => ({ what, fail, code }))

  const ARGUMENTS = every([
    ['a malformed id', (is) => untyped().access?.(`${is}\ud800`, 'all', work), 'INVALID_ARGUMENT'],
    ['an id that is too long', (is) => untyped().access?.(is.repeat(200), 'all', work), 'INVALID_ARGUMENT'],
    ['an id in a list', (is) => untyped().access?.([is], 'all', work), 'INVALID_ARGUMENT'],
    ['an id for locks', (is) => untyped().access?.(is, is, work), 'INVALID_ARGUMENT'],
    ['an id as a kind of lock', (is) => untyped().access?.(is, { [is]: ['a'] }, work), 'INVALID_ARGUMENT'],
    ['an id for names', (is) => untyped().access?.(is, { write: is }, work), 'INVALID_ARGUMENT'],
    ['a malformed name', (is) => untyped().access?.(is, { read: [`${is}\ud800`] }, work), 'INVALID_ARGUMENT'],
    ['a name that is too long', (is) => untyped().access?.(is, { read: [is.repeat(20)] }, work), 'INVALID_ARGUMENT'],
    ['an id for the mode', (is) => untyped().access?.(is, { all: is }, work), 'INVALID_ARGUMENT'],
    ['an id for the work', (is) => untyped().access?.(is, 'all', is), 'INVALID_ARGUMENT'],
    ['an id for options', (is) => untyped().access?.(is, 'all', work, is), 'INVALID_ARGUMENT'],
    ['an id as an option', (is) => untyped().access?.(is, 'all', work, { [is]: 1 }), 'INVALID_ARGUMENT'],
    ...['signal', 'timeoutMs', 'ifMissing', 'durability', 'label'].map(
      (option): Case => [
        `an id for ${option}`,
        (is) => untyped().access?.(is, 'all', work, { [option]: option === 'label' ? [is] : is }),
        'INVALID_ARGUMENT',
      ],
    ),
    ['an id for ids', (is) => untyped().accessMany?.(is, 'all', work), 'INVALID_ARGUMENT'],
    ['an id twice', (is) => untyped().accessMany?.([is, is], 'all', work), 'INVALID_ARGUMENT'],
    ['a hole in ids', (is) => untyped().accessMany?.(Object.assign([], { 1: is }), 'all', work), 'INVALID_ARGUMENT'],
    ['no state', (is) => untyped().create?.(is), 'INVALID_ARGUMENT'],
    ['a state that is a list', (is) => untyped().create?.([is]), 'INVALID_ARGUMENT'],
    ['an id for options of create', (is) => untyped().create?.({}, is), 'INVALID_ARGUMENT'],
    ['an id for options of destroy', (is) => untyped().destroy?.(is, is), 'INVALID_ARGUMENT'],
    ['ids for options of destroy', (is) => untyped().destroy?.(is, { [is]: is }), 'INVALID_ARGUMENT'],
    ['the same id to rotate to', (is) => untyped().rotate?.(is, work, { to: is }), 'INVALID_ARGUMENT'],
    ['a malformed id to rotate to', (is) => untyped().rotate?.(is, work, { to: `${is}\ud800` }), 'INVALID_ARGUMENT'],
    ['a malformed id to release', (is) => untyped().release?.(`${is}\ud800`), 'INVALID_ARGUMENT'],
    ['a malformed id to read', (is) => untyped().peek?.(`${is}\ud800`), 'INVALID_ARGUMENT'],
  ])
  let isThread = false
  const untyped = () => (isThread ? ends.thread : client) as unknown as Untyped

  it.each(ARGUMENTS)('$what', async ({ fail, code }) => {
    isThread = false
    await expectHidden(() => fail(id), code)
  })

  it.each(ARGUMENTS)('$what, in a worker thread', async ({ fail, code }) => {
    isThread = true
    await expectHidden(() => fail(id), code)
  })

  it('an id for an event, a listener or options of close', async () => {
    await expectHidden(() => client.on(id as 'lost', work), 'INVALID_ARGUMENT')
    await expectHidden(() => client.on('lost', id as never), 'INVALID_ARGUMENT')
    await expectHidden(() => client.close({ [id]: 1 } as never), 'INVALID_ARGUMENT')
  })

  const extended = <T extends object>(value: T, key: PropertyKey): T => Object.assign(value, { [key]: SECRET })
  it.each<[string, () => unknown, string]>([
    ['a dictionary', () => ({ [id]: { [id]: NAN } }), 'INVALID_VALUE'],
    [
      'a dictionary without a prototype',
      () => Object.assign(Object.create(null), { [id]: Number.NaN }),
      'INVALID_VALUE',
    ],
    ['a Map', () => new Map([[id, new Map([[SECRET, NAN]])]]), 'INVALID_VALUE'],
    ['a key of a Map', () => new Map([[{ [id]: () => SECRET }, id]]), 'INVALID_VALUE'],
    ['a Set', () => new Set([id, { [SECRET]: NAN }]), 'INVALID_VALUE'],
    ['a property of a Map', () => extended(new Map(), id), 'INVALID_VALUE'],
    ['a property of an array', () => extended([SECRET], id), 'INVALID_VALUE'],
    ['a symbol', () => ({ [Symbol(id)]: SECRET }), 'INVALID_VALUE'],
    ['a symbol as a value', () => Symbol(id), 'INVALID_VALUE'],
    ['a malformed text', () => `${id}${SECRET}\ud800`, 'INVALID_VALUE'],
    ['a malformed key', () => ({ [`${id}\ud800`]: 1 }), 'INVALID_VALUE'],
    ['a getter', () => Object.defineProperty({}, id, { enumerable: true, get: () => SECRET }), 'INVALID_VALUE'],
    ['a circle', () => extended({ [id]: [] as unknown[] }, 'own'), 'none'],
    ['an invalid Date', () => extended(new Date(Number.NaN), id), 'INVALID_VALUE'],
    ['a text that is too large', () => `${id}${SECRET}`.repeat(20_000), 'TOO_LARGE'],
    ['undefined', () => undefined, 'INVALID_VALUE'],
  ])('a value: %s', async (_what, make, code) => {
    const set = () =>
      client.access(id, 'all', ({ state }) => {
        const value = make()
        const dictionary = value as { [key: string]: unknown[] }
        if (code === 'none') dictionary[id]?.push(value)
        state.data = value
      })
    await expectHidden(set, code === 'none' ? 'INVALID_VALUE' : code)
  })

  it('a value that does not match its schema', async () => {
    const schemas = { data: z.record(z.string(), z.object({ items: z.array(z.number()) })) }
    const strict = ends.world.client<Anything>({ schemas: schemas as never })
    const set = () => strict.access(id, 'all', ({ state }) => void (state.data = { [id]: { items: [1, SECRET] } }))
    await expectHidden(set, 'SCHEMA_MISMATCH')
  })

  it('what an access, or one inside it, may not do', async () => {
    const { world } = ends
    const twin = world.client<Anything>()
    const inside = (fail: (session: Session<Anything, Anything>) => unknown, code: string) =>
      finish(client.access(id, { write: ['data'] }, (session) => expectHidden(() => fail(session as never), code)))
    // Only the first of these finds no session.
    await inside(() => client.access(id, { write: ['data'] }, work, { ifMissing: 'fail' }), 'SESSION_MISSING')
    await inside(({ state }) => state.note, 'NOT_LOCKED')
    await inside(({ state }) => (state.note = SECRET), 'NOT_LOCKED')
    await inside(() => client.access(`${id}2`, 'all', work), 'NESTED_ACCESS')
    await inside(() => client.access(id, 'all', work), 'NESTED_ACCESS')
    await inside(() => client.destroy(id), 'NESTED_ACCESS')
    await inside(() => client.release(id), 'NESTED_ACCESS')
    await inside(() => client.rotate(id), 'NESTED_ACCESS')
    await inside(() => twin.access(id, 'all', work), 'NESTED_ACCESS')
    let escaped: Session<Anything, Anything> | undefined
    await finish(client.access(id, 'all', (session) => void (escaped = session as never)))
    await expectHidden(() => escaped?.state.data, 'ACCESS_ENDED')
    const stale = client.access(id, 'all', async ({ state }) => {
      state.data = { [id]: SECRET }
      let put: Anything = {}
      const nested = client.access(id, 'all', (inner) => {
        inner.state.data = { more: SECRET }
        put = inner.state.data as Anything
        throw new Error('inner')
      })
      await nested.catch(work)
      put.later = id
    })
    await expectHidden(() => stale, 'NESTED_ACCESS')
  })

  it('a session that is missing, held by another, lost, corrupt, or a client that is closed', async () => {
    const { world } = ends
    await expectHidden(() => client.access(id, 'all', work, { ifMissing: 'fail' }), 'SESSION_MISSING')
    await finish(client.access(id, 'all', ({ state }) => void (state.data = SECRET)))
    const gate = new Gate()
    const holding = finish(client.access(id, 'all', () => gate.passed))
    await settle()
    await expectHidden(() => client.access(id, 'all', work, { timeoutMs: 10 }), 'WAIT_TIMEOUT')
    const aborted = { signal: AbortSignal.abort(new Error('the request is gone')) }
    await expectHidden(() => client.access(id, 'all', work, aborted), 'ABORTED')
    gate.open()
    await holding
    const to = await finish(client.rotate(id))
    await expectHidden(() => client.access(id, 'all', work), 'SESSION_MISSING')
    await expectHidden(() => client.rotate(to, work, { to: id }), 'INVALID_ARGUMENT')
    world.onStateWrite = async () => {
      throw new Error('no answer')
    }
    const set = () => client.access(to, 'all', ({ state }) => void (state.data = SECRET.repeat(2)))
    await expectHidden(set, 'COMMIT_UNKNOWN')
    world.onStateWrite = (_update, write) => write()
    for (const [key, item] of world.memory.items('sessions')) {
      const attrs = { M: { data: { M: { [`$${SECRET}`]: { S: id } } } } }
      world.memory.put('sessions', key, { ...item, attrs })
    }
    await expectHidden(() => client.peek(to).then((seen) => seen?.state.data), 'CORRUPT_STATE')
    await finish(client.close())
    await expectHidden(() => client.access(id, 'all', work), 'CLOSED')
  })
})
