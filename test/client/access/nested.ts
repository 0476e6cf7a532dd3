import type { Session } from '../../../client/access/session.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

export interface Shop {
  cart: { items: string[] }
  tags: Set<string>
  count: number
  note: string
}

export const ID = 'an id'
export const OTHER = 'another id'
export const FAILED = new Error('the inner work failed')

export const fail = (): never => {
  throw FAILED
}

export const pushAndFail = ({ state }: { readonly state: Partial<Shop> }): never => {
  state.cart?.items.push('inner')
  return fail()
}

/** What a session tells of itself. */
export const factsOf = ({ rev, epoch, isNew, wanted, createdAt, lastAccessAt, signal }: Session) => [
  [rev, epoch, isNew, wanted, createdAt, lastAccessAt],
  signal,
]

/** The code of the error, the error where it has none, or the value. */
export const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: { readonly code?: string } | undefined) => error?.code ?? error,
  )

/** For each test of a `describe`: a world, and a client that has made a session with these attributes, if any. */
export function useNestedStage(attributes?: Partial<Shop>) {
  let world: World
  let holdfast: Holdfast<Shop>
  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  beforeEach(async () => {
    world = new World()
    holdfast = world.client<Shop>()
    if (attributes !== undefined) await finish(holdfast.create(attributes, { id: ID }))
  })
  afterEach(() => world.close())
  return {
    get world() {
      return world
    },
    get holdfast() {
      return holdfast
    },
    finish,
    stored: async (id = ID) => (await holdfast.peek(id))?.state,
  }
}
