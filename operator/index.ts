/**
 * For operators of a deployment: `import { evict } from 'holdfast/operator'`. The command `holdfast` has the same.
 *
 * @module holdfast/operator
 */

export { type Adoption, type AdoptOptions, adopt } from './adopt/adopt.js'
export { type Emptied, emptyLocks } from './empty-locks.js'
export { type Eviction, evict } from './evict.js'
export { nextIncarnation } from './next-incarnation.js'
export type { OperatorOptions } from './options.js'
