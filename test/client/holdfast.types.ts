import type { MessagePort } from 'node:worker_threads'
import { z } from 'zod'
import { createHoldfast, type Holdfast } from '../../client/index.js'
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
    return name?.length ?? 0
  })
  // @ts-expect-error only attributes of the session can be locked
  await holdfast.access(id, { write: ['basket'] }, () => length)
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
    const wider = await session.lock({ write: ['cart'] })
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
  await holdfast.accessMany([id], { write: ['count'], read: ['cart'] }, ([one]) => {
    if (one === undefined) return
    one.state.count = one.state.cart?.items.length ?? 0
    // @ts-expect-error several sessions are locked like one
    one.state.profile
    // @ts-expect-error also what they share for reading
    one.state.cart = { items: [] }
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
  })
}
