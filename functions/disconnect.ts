import { connectionKey } from '../protocol/keys.js'
import type { Deps } from './ports.js'

/**
 * The gateway has closed a connection: its record is of no use any more. The gateway may say so late, or never, and
 * before a `hello` of the same connection has been carried out: TTL removes the records that stay.
 */
export const disconnected = (deps: Pick<Deps, 'store'>, connectionId: string): Promise<void> =>
  deps.store.remove('locks', connectionKey(connectionId))
