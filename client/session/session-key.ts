import { hash } from 'node:crypto'
import type { SessionKey } from '../../protocol/keys.js'

/**
 * All that leaves the process of a session's id, or stays in it: the id itself is a credential. Hashed in one call, for
 * an object of `createHash` costs three times as much, and the garbage collector as much again.
 */
export const sessionKey = (namespace: string, id: string): SessionKey =>
  `${namespace}#${hash('sha256', id, 'base64url')}`
