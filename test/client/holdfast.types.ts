import type { MessagePort } from 'node:worker_threads'
import { z } from 'zod'
import {
  createHoldfast,
  type Holdfast,
  type HoldfastErrorCode,
  type HoldfastMessage,
  isHoldfastError,
  type LockSpec,
} from '../../client/index.js'
import { connectHoldfast } from '../../client/worker/index.js'

/**
 * What must not compile. The type check of this repository reads this file; every expected error that does not occur
 * is an error itself.
 */
interface Shop {
  cart: { items: string[] }
  profile: { name: string; born: Date }
  count: number
}

export async function locksAreTypes(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  const length: number = await holdfast.access(id, { write: ['cart'], read: ['profile'] }, (session) => {
    session.state.cart = { items: [...(session.state.cart?.items ?? []), 'apple'] }
    session.state.cart.items.push('pear')
    const name: string | undefined = session.state.profile?.name
    // @ts-expect-error an attribute that was not locked cannot be read
    session.state.count
    // @ts-expect-error an attribute that was locked for reading cannot be replaced
    session.state.profile = { name: 'Ada', born: new Date() }
    // @ts-expect-error nor changed in place
    if (session.state.profile) session.state.profile.name = 'Ada'
    // @ts-expect-error a value must have its attribute's type
    session.state.cart = { items: [1] }
    // @ts-expect-error undefined is no value
    session.state.cart = undefined
    session.delete('cart')
    // @ts-expect-error only attributes of the session can be deleted
    session.delete('basket')
    // @ts-expect-error and only those that are locked for writing
    session.delete('profile')
    return name?.length ?? 0
  })
  // @ts-expect-error only attributes of the session can be locked
  await holdfast.access(id, { write: ['basket'] }, () => length)
  // @ts-expect-error there is no such kind of lock
  await holdfast.access(id, { write: ['cart'], raed: ['count'] }, () => length)
  // @ts-expect-error nor is there this one
  await holdfast.access(id, { all: 'none' }, () => length)
  // @ts-expect-error all for writing includes every attribute
  await holdfast.access(id, { all: 'write', write: ['cart'] }, () => length)
  // @ts-expect-error all for reading includes every attribute
  await holdfast.access(id, { all: 'read', read: ['cart'] }, () => length)
  const names = ['cart']
  // @ts-expect-error a list must name its attributes in its type
  await holdfast.access(id, { write: names }, () => length)
  const exact = ['cart', 'count'] as const
  await holdfast.access(id, { write: exact }, ({ state }) => (state.count = state.cart?.items.length ?? 0))
  const spec: LockSpec<'cart' | 'count'> = id === '' ? 'all' : { write: ['cart'] }
  await holdfast.access(id, spec, ({ epoch }) => epoch)
  // @ts-expect-error an access needs locks
  await holdfast.access(id, () => length)
  await holdfast.access(id, 'all', ({ state }) => {
    state.count = (state.count ?? 0) + 1
    // @ts-expect-error also under all locks only the session's own attributes exist
    state.basket
  })
  await holdfast.access(id, { all: 'read' }, ({ state }) => {
    const born: Date | undefined = state.profile?.born
    // @ts-expect-error a session that is shared cannot be written
    state.count = 1
    return born
  })
  await holdfast.access(id, { all: 'read', write: ['count'] }, ({ state }) => {
    state.count = state.cart?.items.length ?? 0
    // @ts-expect-error only what is named is for writing
    state.cart = { items: [] }
  })
  await holdfast.access(id, { read: ['profile'] }, async (session) => {
    // @ts-expect-error not locked yet
    session.state.cart
    // @ts-expect-error nothing is locked for writing yet
    session.delete('cart')
    const wider = await session.lock({ write: ['cart'] })
    wider.delete('cart')
    // @ts-expect-error still locked for reading only
    wider.delete('profile')
    wider.state.cart = { items: [wider.state.profile?.name ?? ''] }
    // @ts-expect-error still locked for reading only
    wider.state.profile = { name: 'Ada', born: new Date() }
    const upgraded = session.tryLock({ write: ['profile'] })
    // @ts-expect-error the lock may not have been granted
    upgraded.state.profile
    if (upgraded !== undefined) upgraded.state.profile = { name: 'Ada', born: new Date() }
    // @ts-expect-error only attributes of the session can be locked
    await session.lock({ write: ['basket'] })
  })
  await using session = await holdfast.open(id, { write: ['count'] })
  session.state.count = 1
  await session.commit()
  await holdfast.accessMany([id, id], { write: ['count'], read: ['cart'] }, ([one, two, ...others]) => {
    const none: [] = others
    one.state.count = two.state.count ?? none.length
    one.state.count = one.state.cart?.items.length ?? 0
    // @ts-expect-error several sessions are locked like one
    one.state.profile
    // @ts-expect-error also what they share for reading
    one.state.cart = { items: [] }
  })
  const ids: string[] = [id]
  await holdfast.accessMany(ids, 'all', (sessions) => {
    for (const each of sessions) each.state.count = 1
    // @ts-expect-error nobody knows how many there are
    sessions[0].state
  })
  await holdfast.create({ count: 1 })
  // @ts-expect-error a session is made of its own attributes
  await holdfast.create({ counter: 1 })
  // @ts-expect-error a session that is being made is always missing
  await holdfast.create({}, { ifMissing: 'fail' })
  // @ts-expect-error there is no such option
  await holdfast.access(id, 'all', () => {}, { timeout: 5 })
}

export async function schemasAreTypes(id: string): Promise<void> {
  const holdfast = createHoldfast({ namespace: 'shop', schemas: { cart: z.object({ items: z.array(z.string()) }) } })
  await holdfast.access(id, { write: ['cart'] }, ({ state }) => {
    const items: string[] = state.cart?.items ?? []
    state.cart = { items }
    // @ts-expect-error the schema gives the attribute its type
    state.cart = { items: [1] }
  })
  // @ts-expect-error a schema must be of its attribute's type
  createHoldfast<Shop>({ namespace: 'shop', schemas: { count: z.string() } })
  createHoldfast<Shop>({ namespace: 'shop', schemas: { count: z.number() } })
}

export async function workerThreadsAreTheSame(port: MessagePort, id: string): Promise<void> {
  const holdfast = connectHoldfast<Shop>(port)
  await holdfast.access(id, { write: ['cart'] }, async (session) => {
    session.state.cart = { items: [] }
    // @ts-expect-error an attribute that was not locked cannot be read
    session.state.count
    const wider = session.tryLock({ read: ['count'] })
    if (wider !== undefined) session.state.cart.items.push(`${wider.state.count}`)
    session.ttlMs = Number(session.aliveUntil) - Date.now()
    if ((await session.run(() => session.rotate({ to: 'next' }))).length === 0) await session.destroy()
  })
  await (await holdfast.open(await holdfast.create({ count: 1 }, { id, ttlMs: 60_000 }), 'all')).close()
}

/** Whatever can be stored is accepted as it is. */
export function typesOfAttributes(): void {
  interface Tree {
    readonly children: readonly Tree[]
    parent?: Tree
  }
  type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
  type UserId = string & { readonly brand: unique symbol }
  interface Everything {
    tree: Tree
    json: Json
    id: UserId
    anything: unknown
    record: Record<string, unknown>
    choice: 'a' | { kind: 'b'; at: Date } | null
    optional?: { maybe?: number; tuple: [string, Uint8Array] }
    map: Map<UserId, Set<bigint>>
    buffer: Buffer
    list: readonly { n: number }[]
  }
  createHoldfast<Everything>({ namespace: 'shop' })
  connectHoldfast<Everything>(undefined as never)
  createHoldfast<Record<string, unknown>>({ namespace: 'shop' })
  createHoldfast({ namespace: 'shop' })

  class Money {
    constructor(readonly cents: number) {}
    plus(other: Money): Money {
      return new Money(this.cents + other.cents)
    }
  }
  // @ts-expect-error a function cannot be stored
  createHoldfast<{ greet: () => void }>({ namespace: 'shop' })
  // @ts-expect-error nor a symbol
  createHoldfast<{ key: symbol }>({ namespace: 'shop' })
  // @ts-expect-error nor a class
  createHoldfast<{ type: typeof Money }>({ namespace: 'shop' })
  // @ts-expect-error nor an instance of one with methods, however deep it lies
  createHoldfast<{ cart: { items: { price: Money }[] } }>({ namespace: 'shop' })
  // @ts-expect-error also as a value of a Map
  createHoldfast<{ prices: Map<string, Money> }>({ namespace: 'shop' })
  // @ts-expect-error also where it is one of several
  createHoldfast<{ price: number | Money }>({ namespace: 'shop' })
  // @ts-expect-error also where it is optional
  createHoldfast<{ pattern?: RegExp }>({ namespace: 'shop' })
  // @ts-expect-error also in a worker thread
  connectHoldfast<{ greet: () => void }>(undefined as never)
}

export async function optionalAttributes(holdfast: Holdfast<{ nickname?: string }>, id: string): Promise<void> {
  await holdfast.access(id, { write: ['nickname'] }, ({ state }) => {
    state.nickname = 'ada'
    // @ts-expect-error undefined is no value, though the attribute is optional
    state.nickname = undefined
  })
  await holdfast.access(id, 'all', ({ state }) => {
    // @ts-expect-error nor under all locks
    state.nickname = undefined
  })
}

export function codesAreTypes(error: unknown): number | string | undefined {
  if (!isHoldfastError(error)) return undefined
  if (error.code === 'WAIT_TIMEOUT') return error.behind
  if (error.code === 'SESSION_LOST') return error.reason
  if (error.code === 'REFUSED' && error.reason === 'LOCAL_QUEUE_FULL') return error.message
  // @ts-expect-error there is no such code
  if (error.code === 'TIMEOUT') return undefined
  // @ts-expect-error nor such a reason
  if (error.code === 'REFUSED' && error.reason === 'FULL') return undefined
  // @ts-expect-error only some errors have a path
  error.path
  const code: HoldfastErrorCode = error.code
  return code
}

export async function eventsAreTypes(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  holdfast
    .on('granted', ({ session, epoch, waitedMs }) => `${session.length} ${epoch + waitedMs}`)
    .on('wanted', ({ session, epoch }) => `${session.length} ${epoch}`)
    .on('released', ({ heldMs, handoffMs }) => heldMs - (handoffMs ?? 0))
    .on('lost', ({ heldMs, epoch, error, unwritten }) => `${error.code} ${heldMs + epoch + unwritten}`)
  // @ts-expect-error nobody may have asked
  holdfast.on('released', ({ handoffMs }) => handoffMs.toFixed())
  // @ts-expect-error a wait ends with the grant
  holdfast.on('released', ({ waitedMs }) => waitedMs)
  // @ts-expect-error the event of a process that asks is `wanted`
  holdfast.on('revoked', () => {})
  const message = {} as HoldfastMessage<'granted'>
  const text: string = message.namespace + message.waitedMs.toFixed()
  await holdfast.access(id, 'all', (session) => {
    const signals: AbortSignal[] = [session.signal, session.wantedSignal]
    // @ts-expect-error only a session can say that it is wanted
    session.wanted = true
    return [text, signals]
  })
}

export function signalsAreTypes(): void {
  createHoldfast<Shop>({ namespace: 'shop', closeOnSignals: true })
  createHoldfast<Shop>({ namespace: 'shop', closeOnSignals: ['SIGTERM', 'SIGUSR2'] })
  // @ts-expect-error one signal is an array of one, too
  createHoldfast<Shop>({ namespace: 'shop', closeOnSignals: 'SIGTERM' })
  // @ts-expect-error there is no such signal
  createHoldfast<Shop>({ namespace: 'shop', closeOnSignals: ['SIGTREM'] })
}

export async function endsAndLifetimesAreTypes(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  await holdfast.access(id, 'all', async (session) => {
    const next: string = await session.rotate({ to: 'next' })
    session.ttlMs = 60_000
    const until: Date = session.aliveUntil
    // @ts-expect-error the end of the life follows from its lifetime
    session.aliveUntil = new Date()
    // @ts-expect-error a lifetime is a number
    session.ttlMs = '60000'
    const length: number = await session.run(() => holdfast.access(id, { read: ['cart'] }, () => next.length))
    await session.destroy()
    // @ts-expect-error only a session of open() can be closed
    await session.close()
    return length + until.getTime()
  })
  const opened = await holdfast.open(id, { write: ['count'] }, { ttlMs: 60_000, ifMissing: 'fail' })
  opened.state.count = 1
  await opened.close()
  const made: string = await holdfast.create({ count: 1 }, { id, ttlMs: 60_000 })
  // @ts-expect-error a session that is made is missing before
  await holdfast.create({ count: 1 }, { ifMissing: 'fail' })
  // @ts-expect-error nor is there a choice for one that moves
  await holdfast.rotate(made, () => {}, { ifMissing: 'create' })
}

export async function aPeekIsReadOnly(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  const seen = await holdfast.peek(id)
  if (seen === undefined) return
  const name: string | undefined = seen.state.profile?.name
  const items: readonly string[] | undefined = seen.state.cart?.items
  // @ts-expect-error the state cannot be written
  seen.state.count = name?.length
  // @ts-expect-error nor its values changed in place
  seen.state.cart?.items.push('apple')
  // @ts-expect-error and it has only the attributes of the session
  seen.state.basket
  createHoldfast<Shop>({ namespace: 'shop', ifMissing: 'fail', undefinedValues: 'drop' })
  // @ts-expect-error there is no third way
  createHoldfast<Shop>({ namespace: 'shop', undefinedValues: items })
}
