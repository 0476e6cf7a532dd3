import { createHmac, hash, type KeyObject } from 'node:crypto'
import type { SessionKey } from '../../protocol/keys.js'

/**
 * All that leaves the process of a session's id, or stays in it: the id itself is a credential. Hashed in one call, for
 * an object of `createHash` costs three times as much, and the garbage collector as much again. With a key of the
 * application, nobody without it can tell which session belongs to an id.
 */
export const sessionKey = (namespace: string, id: string, key?: KeyObject): SessionKey =>
  `${namespace}#${key === undefined ? hash('sha256', id, 'base64url') : createHmac('sha256', key).update(id).digest('base64url')}`
