/**
 * All errors that the client throws. They extend {@link HoldfastError}. Distinguish them with {@link isHoldfastError}
 * and their stable `code`, or with `instanceof`. Both also work across several copies of this package.
 *
 * Messages start in lower case, say which value was expected and which was received, and name the option to change.
 * They name attributes and labels, which the application chose. No message contains a session id or an attribute's
 * value, nor a key or another argument that may be one by mistake: such a text is shown only where it reads as a name
 * in a program.
 */

export * from './arguments.js'
export { type Effect, type ErrorTraits, HoldfastError } from './base.js'
export * from './invocation.js'
export { type HoldfastErrorCode, isHoldfastError, type KnownError } from './known.js'
export * from './losses.js'
export * from './requests.js'
export * from './waits.js'
