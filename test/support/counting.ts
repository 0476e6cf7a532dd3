import type { Holdfast } from '../../client/holdfast.js'
import type { AccessOptions } from '../../client/options/access-options.js'

export interface Counter {
  count: number
  other: number
}

export const ID = 'an id'

/** One access that counts. It resolves to the new count. */
export const increment = (client: Holdfast<Counter>, id = ID, options: AccessOptions = {}): Promise<number> =>
  client.access(
    id,
    { write: ['count'] },
    ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    },
    options,
  )

/** A gate at which work waits until a test opens it. */
export class Gate {
  open!: () => void
  readonly passed = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

/** A promise whose rejection a test looks at later, or never. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
