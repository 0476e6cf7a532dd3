import { type Item, num, type Update } from './dynamodb.js'
import { INCARNATION_KEY } from './keys.js'
import { SCHEMA_VERSION } from './limits.js'
import { checkSchema, number } from './record-fields.js'

/**
 * The incarnation of the Locks table: a number that only rises. A process that hears a higher number than its first one
 * drops all that it holds. Operators raise it where lock records were lost or changed by hand.
 */

/** That of a table whose incarnation was never raised. It has no record. */
export const FIRST_INCARNATION = 1

export function readIncarnation(item: Item | undefined): number {
  if (item === undefined) return FIRST_INCARNATION
  checkSchema(item)
  return number(item, 'incarnation')
}

/**
 * The incarnation after the one that was seen. It is not below the clock: a table that was emptied has forgotten its
 * incarnation, and the next one must still be above all before.
 */
export const incarnationAfter = (seen: number, nowMs: number): number => Math.max(seen + 1, Math.ceil(nowMs))

/** Raises the incarnation. Refused where it is as high already. */
export const raiseIncarnation = (incarnation: number): Update => ({
  table: 'locks',
  key: INCARNATION_KEY,
  condition: 'attribute_not_exists(incarnation) OR incarnation < :next',
  update: 'SET incarnation = :next, #schema = :schema',
  names: { '#schema': 'schema' },
  values: { ':next': num(incarnation), ':schema': num(SCHEMA_VERSION) },
  returns: 'new',
})
