import type { Store } from '../../protocol/dynamodb.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock, Randomness } from '../ports.js'

/** What a client shares among all its sessions. */
export interface ClientContext {
  readonly store: Store
  readonly clock: Clock
  readonly randomness: Randomness
  readonly options: CompiledOptions
}
