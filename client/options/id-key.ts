import { createSecretKey, type KeyObject } from 'node:crypto'
import { InvalidArgumentError } from '../errors/index.js'
import { ID_KEY_BYTES_MAX, ID_KEY_BYTES_MIN } from '../limits.js'
import { kindOf } from './check.js'

/** An object that no inspection shows the bytes of. No message shows any of the key, either. */
export function compileIdKey(key: unknown): KeyObject | undefined {
  if (key === undefined) return undefined
  if (typeof key !== 'string' && !(key instanceof Uint8Array)) throw refused(kindOf(key))
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  if (bytes.length < ID_KEY_BYTES_MIN || bytes.length > ID_KEY_BYTES_MAX) throw refused(`${bytes.length} bytes`)
  return createSecretKey(bytes)
}

const refused = (received: string) =>
  new InvalidArgumentError(
    `'idKey' must be a string or bytes, ${ID_KEY_BYTES_MIN} to ${ID_KEY_BYTES_MAX} of them, received ${received}`,
  )
