import type { SessionKey } from '../../protocol/keys.js'
import { InvalidArgumentError } from '../errors/index.js'
import { ACCESS_MANY_MAX } from '../limits.js'

/** The keys of the sessions of an accessMany. Throws where there are too many, or one is named twice. */
export function keysOfMany(ids: readonly string[], keyOf: (id: string) => SessionKey): readonly SessionKey[] {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > ACCESS_MANY_MAX) {
    throw new InvalidArgumentError(`accessMany takes 1 to ${ACCESS_MANY_MAX} ids`)
  }
  const keys = [...ids].map(keyOf)
  if (new Set(keys).size !== keys.length) throw new InvalidArgumentError('accessMany takes each id once')
  return keys
}
