import type { Session } from '../../../client/access/session.js'

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
