import { createHoldfast, type Holdfast, type LockSpec, type NameOf } from '../../client/index.js'

/** Which rights to the state a lock request gives, and which shape its values have. */
interface Shop {
  num: number
  text: string
  list: string[]
}

/** Where the request is one of several, it gives the rights that all of them give. */
export async function requestsOfUnionTypes(holdfast: Holdfast<Shop>, id: string, flag: boolean): Promise<void> {
  await holdfast.access(id, flag ? 'all' : { read: ['num'] }, (session) => {
    const num: number | undefined = session.state.num
    // @ts-expect-error it may be locked for reading only
    session.state.num = 1
    // @ts-expect-error it may not be locked
    session.state.text
    // @ts-expect-error nor can it be deleted
    session.delete('num')
    return num
  })
  await holdfast.access(id, flag ? { read: ['num'] } : { write: ['num'] }, ({ state }) => {
    const num: number | undefined = state.num
    // @ts-expect-error it may be locked for reading only
    state.num = 1
    return num
  })
  await holdfast.access(id, { all: flag ? 'read' : 'write' }, ({ state }) => {
    const num: number | undefined = state.num
    // @ts-expect-error it may be locked for reading only
    state.num = 1
    return num
  })
  await holdfast.access(
    id,
    flag ? { write: ['num', 'text'] } : { write: ['num'], read: ['text', 'list'] },
    (session) => {
      session.state.num = session.state.text?.length ?? 0
      session.delete('num')
      // @ts-expect-error only one of them locks it for writing
      session.state.text = ''
      // @ts-expect-error only one of them locks it
      session.state.list
      // @ts-expect-error only one of them locks it for writing
      session.delete('text')
    },
  )
  await holdfast.access(id, flag ? 'all' : { all: 'write' }, ({ state }) => {
    state.num = 1
  })
  await holdfast.access(id, flag ? { all: 'read' } : { all: 'read', write: ['num'] }, ({ state }) => {
    const num: number | undefined = state.num
    // @ts-expect-error only one of them locks it for writing
    state.num = 1
    return num ?? state.text?.length
  })
  const some = flag ? (['num', 'text'] as const) : (['num'] as const)
  await holdfast.access(id, { write: some }, ({ state }) => {
    state.num = 1
    // @ts-expect-error only one of the lists names it
    state.text
  })
  await holdfast.access(id, flag ? { read: ['num'] } : { read: ['text'] }, ({ state }) => {
    // @ts-expect-error only one of them locks it
    state.num
  })
  const maybe: { write?: readonly ['num']; read: readonly ['text'] } = { read: ['text'] }
  await holdfast.access(id, maybe, ({ state }) => {
    // @ts-expect-error the list may be missing
    state.num
    return state.text
  })
  await holdfast.accessMany([id, id], flag ? { read: ['num'] } : { write: ['num'] }, ([one]) => {
    // @ts-expect-error it may be locked for reading only
    one.state.num = 1
    return one.state.num
  })
  await using session = await holdfast.open(id, flag ? 'all' : { read: ['num'] })
  // @ts-expect-error it may be locked for reading only
  session.state.num = 1
  const wider = await session.lock(flag ? { write: ['num'] } : { read: ['num', 'text'] })
  // @ts-expect-error it may be locked for reading only
  wider.state.num = 1
  // @ts-expect-error it may not be locked
  wider.state.text
  const spec = 'all' as LockSpec<NameOf<Shop>>
  await holdfast.access(id, spec, ({ state }) => {
    // @ts-expect-error nobody knows what is locked
    state.num
  })
}

/** A generic function can lock an attribute, or a list of them. */
export async function namesOfGenericTypes<A extends 'num' | 'text', B extends NameOf<Shop>>(
  holdfast: Holdfast<Shop>,
  id: string,
  name: A,
  names: readonly B[],
): Promise<{ name: A; names: readonly B[] }> {
  await holdfast.access(id, { write: [name] }, (session) => {
    session.delete(name)
    delete session.state[name]
    return session.state[name]
  })
  await holdfast.access(id, { read: [name] }, ({ state }) => state[name])
  await holdfast.access(id, { write: names }, ({ state }) => names.map((each) => state[each]))
  return { name, names }
}

export async function lockedNothing(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  // @ts-expect-error locks name something
  await holdfast.access(id, {}, () => 1)
  // @ts-expect-error an empty list names nothing
  await holdfast.access(id, { write: [] }, () => 1)
  // @ts-expect-error nor do two of them
  await holdfast.open(id, { write: [], read: [] })
  await holdfast.access(id, { write: [], read: ['num'] }, ({ state }) => state.num)
  await holdfast.access(id, { all: 'read', write: [] }, ({ state }) => state.num)
  // @ts-expect-error a list of ids has an id
  await holdfast.accessMany([], 'all', () => 1)
  await holdfast.access(id, 'all', async (session) => {
    // @ts-expect-error also more locks name something
    await session.lock({})
  })
}

interface Deep {
  map: ReadonlyMap<string, { n: number }>
  set: ReadonlySet<string>
  nested: { maps: Map<string, ReadonlyMap<string, [number, string]>> }
  pair: [number, string]
  fixed: readonly [number, { n: number }]
  open: [number, string?, ...boolean[]]
  list: readonly { n: number }[]
  pairs: Map<string, [number, { n: number }]>
}

/** A value that is locked for reading keeps its shape. */
export async function shapesUnderReadLocks(holdfast: Holdfast<Deep>, id: string): Promise<void> {
  await holdfast.access(id, { all: 'read' }, ({ state }) => {
    const { map, set, nested, pair, fixed, open, list, pairs } = state
    if (!map || !set || !nested || !pair || !fixed || !open || !list || !pairs) return
    const n: number | undefined = map.get('x')?.n
    const has: boolean = set.has('x')
    const inner: number | undefined = nested.maps.get('x')?.get('y')?.[0]
    const [first, second]: readonly [number, string] = pair
    const one: 2 = pair.length
    const two: number = fixed[1].n
    const [head, maybe, ...rest]: readonly [number, string?, ...boolean[]] = open
    const three: number | undefined = pairs.get('x')?.[1].n
    // @ts-expect-error a tuple is not changed in place
    pair[0] = 1
    // @ts-expect-error nor made longer
    open.push(true)
    // @ts-expect-error nor are the parts of a tuple changed
    fixed[1].n = 1
    // @ts-expect-error nor the items of a list
    for (const item of list) item.n = 1
    // @ts-expect-error nor the values of a Map
    for (const value of map.values()) value.n = 1
    // @ts-expect-error nor a Map in a Map
    nested.maps.get('x')?.set('y', [1, ''])
    // @ts-expect-error nor a tuple in a Map
    for (const value of pairs.values()) value[0] = 1
    return { n, has, inner, first, second, one, two, head, maybe, rest, three }
  })
  await holdfast.access(id, { write: ['pair', 'pairs'] }, ({ state }) => {
    if (state.pair) state.pair[0] = 1
    state.pairs?.set('x', [1, { n: 1 }])
  })
}

/** What no attribute can be. */
export function typesOfNoAttribute(): void {
  createHoldfast<Deep>({ namespace: 'shop' })
  createHoldfast<{ contact: { name: string; message: string }; choice?: number | undefined }>({ namespace: 'shop' })
  createHoldfast<{ anything: unknown; given: { maybe: undefined } }>({ namespace: 'shop' })
  // @ts-expect-error an Error cannot be stored
  createHoldfast<{ failure: Error }>({ namespace: 'shop' })
  // @ts-expect-error nor one of its subclasses, however deep it lies
  createHoldfast<{ failures: { last?: TypeError }[] }>({ namespace: 'shop' })
  // @ts-expect-error undefined is no value of an attribute
  createHoldfast<{ nothing: undefined }>({ namespace: 'shop' })
  // @ts-expect-error nor is void
  createHoldfast<{ nothing: ReturnType<() => void> }>({ namespace: 'shop' })
  // @ts-expect-error the name is reserved
  createHoldfast<{ constructor: string }>({ namespace: 'shop' })
  // @ts-expect-error this one too
  createHoldfast<{ toString: string }>({ namespace: 'shop' })
  // @ts-expect-error and this one
  createHoldfast<{ prototype: string }>({ namespace: 'shop' })
}
