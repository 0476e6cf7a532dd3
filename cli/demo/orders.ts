import type { HoldfastConfig } from '../../client/options/store-config.js'

/** What `demo` tells one of its servers. */
export type Order =
  | {
      readonly do: 'start'
      readonly config: HoldfastConfig
      readonly label: string
      /** The table of the sessions without a lock. */
      readonly unlockedTable: string
    }
  /** How often has it handed a session over? */
  | { readonly do: 'handoffs' }

/** With Holdfast, or as stores without a lock do it. It is the path of a request, too. */
export type Side = 'unlocked' | 'holdfast'

/** A server's answer to a request. */
export interface Answer {
  /** Items in the cart. */
  readonly items: number
  /** The server had the session already. */
  readonly isKept: boolean
}

/** A server's answer to a request that has failed. */
export interface Refusal {
  /** The code of the error. */
  readonly error: string
  /** Whether the item may have been added all the same. */
  readonly effect: string
}

export const NAMESPACE = 'demo'
