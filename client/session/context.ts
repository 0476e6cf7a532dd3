import type { Store } from '../../protocol/dynamodb.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock, Randomness } from '../ports.js'
import type { Reads } from '../state/reads.js'

/** The parts of the machine, and the options, that a client is made of. */
export interface ClientParts {
  readonly store: Store
  readonly clock: Clock
  readonly randomness: Randomness
  readonly options: CompiledOptions
}

/** What all parts of a client share. */
export interface ClientContext extends ClientParts {
  readonly reads: Reads
}
