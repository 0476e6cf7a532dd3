import { createHash } from 'node:crypto'
import { MARK_CHARS } from '../protocol/limits.js'

/**
 * The mark of a principal in the seats of queues. Two principals with one mark would have one turn between them, and
 * nothing else.
 */
export const markOf = (principal = ''): string =>
  createHash('sha256').update(principal).digest('base64url').slice(0, MARK_CHARS)
