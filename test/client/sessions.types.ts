import type { Holdfast, OpenSessionOf, SessionOf } from '../../client/index.js'

/** What must compile, and what must not, in functions that get a session. */
interface Shop {
  cart: { items: string[] }
  count: number
}

export async function helpersTakeSessions(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  const add = ({ state }: SessionOf<Shop, { write: ['cart'] }>, item: string) => {
    state.cart = { items: [...(state.cart?.items ?? []), item] }
  }
  const finish = (session: OpenSessionOf<Shop, { write: ['cart'] }>) => session.close()
  await holdfast.access(id, { write: ['cart'] }, (session) => add(session, 'apple'))
  await holdfast.access(id, 'all', (session) => add(session, 'apple'))
  await finish(await holdfast.open(id, { write: ['cart'] }))
  // @ts-expect-error the attribute is locked for reading only
  await holdfast.access(id, { read: ['cart'] }, (session) => add(session, 'apple'))
  // @ts-expect-error the session of an access cannot be closed
  await holdfast.access(id, { write: ['cart'] }, (session) => finish(session))
}

export async function middlewareOpensSessions(holdfast: Holdfast<Shop>, id: string): Promise<void> {
  const withSession = async (handle: (session: OpenSessionOf<Shop, 'all'>) => Promise<void>) => {
    await using session = await holdfast.open(id, 'all', { ifMissing: 'fail' })
    await session.run(() => handle(session))
    await session.close()
  }
  await withSession(async (session) => {
    await session.rotate()
    await session.destroy()
  })
}
