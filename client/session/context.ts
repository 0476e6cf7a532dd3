import type { Store } from '../../protocol/dynamodb.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock, Randomness } from '../ports.js'

/** The parts of the machine, and the options, that all parts of a client share. */
export interface ClientContext {
  readonly store: Store
  readonly clock: Clock
  readonly randomness: Randomness
  readonly options: CompiledOptions
}
