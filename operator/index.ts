/**
 * For operators of a deployment: `import { evict } from 'holdfast/operator'`.
 *
 * @module holdfast/operator
 */

export { type Eviction, type EvictOptions, evict } from './evict.js'
