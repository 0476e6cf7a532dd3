/**
 * Every error that the client SDK throws. All extend {@link HoldfastError}; tell them apart by `code`, which is
 * stable, after {@link isHoldfastError}, or with `instanceof`. Both also work across duplicate copies of this package.
 *
 * Messages start in lower case, say what was expected and what was received, and name the option to change.
 * None contains a session id or an attribute's value.
 */

export * from './arguments.js'
export { type Effect, HoldfastError } from './base.js'
export * from './known.js'
export * from './losses.js'
export * from './waits.js'
