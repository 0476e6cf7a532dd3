/**
 * All errors that the client throws. They extend {@link HoldfastError}. Distinguish them with {@link isHoldfastError}
 * and their stable `code`, or with `instanceof`. Both also work across several copies of this package.
 *
 * Messages start in lower case, say which value was expected and which was received, and name the option to change. No
 * message contains a session id or an attribute's value.
 */

export * from './arguments.js'
export { type Effect, HoldfastError } from './base.js'
export * from './known.js'
export * from './losses.js'
export * from './waits.js'
