import { type AttributeValue, num, str, type Update, type UpdateOutcome } from './item.js'
import type { SessionKey } from './keys.js'
import { GRACE_MS, SCHEMA_VERSION } from './limits.js'
import { ttlSeconds } from './lock-writes.js'
import { isAlive, readSession, type SessionRecord } from './records.js'

/**
 * Every write to a session's primary state, each ONE conditional UpdateItem, made by the client under its epoch.
 * A write lands only under its own fence and straight after the write it was made for: `commitId` is that chain.
 */

const UNKNOWN = 'attribute_not_exists(fence)'
const OLDER_FENCE = 'fence < :epoch'
const ALIVE = 'aliveUntil > :now AND attribute_not_exists(destroyedAt)'
const GONE = '(aliveUntil <= :now OR attribute_exists(destroyedAt))'
const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND attribute_not_exists(destroyedAt)'

const onSession = (session: SessionKey) => ({ table: 'sessions', key: session }) as const

/** What every write by a holder says. `commitId` is new and random: by it a late or repeated copy is recognised. */
export interface WriteId {
  readonly epoch: number
  readonly commitId: string
}

/** The new holder's first write: raises the fence on a live session and reads it. */
export const claim = (session: SessionKey, id: WriteId, nowMs: number): Update => ({
  ...onSession(session),
  condition: `${OLDER_FENCE} AND ${ALIVE}`,
  update: 'SET fence = :epoch, commitId = :commit',
  values: { ':epoch': num(id.epoch), ':commit': str(id.commitId), ':now': num(nowMs) },
  returns: 'new',
})

/** Starts a session where there is none: unknown, expired or destroyed. `rev` goes on counting. */
export const claimAfresh = (session: SessionKey, id: WriteId, nowMs: number, ttlMs: number): Update => ({
  ...onSession(session),
  condition: `${UNKNOWN} OR (${OLDER_FENCE} AND ${GONE})`,
  update:
    'SET fence = :epoch, commitId = :commit, rev = if_not_exists(rev, :zero) + :one, attrs = :empty, ' +
    'createdAt = :now, aliveUntil = :alive, #schema = :schema, expiresAt = :expires REMOVE destroyedAt',
  names: { '#schema': 'schema' },
  values: {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':zero': num(0),
    ':one': num(1),
    ':empty': { M: {} },
    ':now': num(nowMs),
    ':alive': num(nowMs + ttlMs),
    ':schema': num(SCHEMA_VERSION),
    ':expires': ttlSeconds(nowMs + ttlMs + GRACE_MS),
  },
  returns: 'new',
})

export type ClaimResult =
  | { readonly kind: 'claimed'; readonly record: SessionRecord }
  /** There is no such session: it takes a claim afresh, if it is to be created. */
  | { readonly kind: 'absent' }
  /** A claim afresh found a live session under an older fence: it takes a claim. */
  | { readonly kind: 'present' }
  /** A live session has a fence that is not below this epoch. */
  | { readonly kind: 'fenced'; readonly fence: number }

/** Reads the outcome of a claim or a claim afresh. One that finds its own commitId had landed before. */
export function readClaim(outcome: UpdateOutcome, id: WriteId, nowMs: number): ClaimResult {
  const record = readSession(outcome.item)
  if (record === undefined) return { kind: 'absent' }
  if (outcome.applied || (record.commitId === id.commitId && record.fence === id.epoch)) {
    return { kind: 'claimed', record }
  }
  if (record.fence >= id.epoch) return { kind: 'fenced', fence: record.fence }
  return { kind: isAlive(record, nowMs) ? 'present' : 'absent' }
}

/** What a commit changes: undefined deletes the attribute. */
export type Changes = ReadonlyMap<string, AttributeValue | undefined>

/** Writes what changed, on the condition that the last write in the chain is still this hold's own. */
export function commit(
  session: SessionKey,
  id: WriteId,
  lastCommitId: string,
  changes: Changes,
  aliveUntilMs: number,
): Update {
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':last': str(lastCommitId),
    ':one': num(1),
    ':alive': num(aliveUntilMs),
    ':expires': ttlSeconds(aliveUntilMs + GRACE_MS),
  }
  const sets = ['commitId = :commit', 'rev = rev + :one', 'aliveUntil = :alive', 'expiresAt = :expires']
  const removes: string[] = []
  let index = 0
  for (const [name, value] of changes) {
    names[`#a${index}`] = name
    if (value === undefined) removes.push(`attrs.#a${index}`)
    else {
      values[`:a${index}`] = value
      sets.push(`attrs.#a${index} = :a${index}`)
    }
    index += 1
  }
  return {
    ...onSession(session),
    condition: NEXT_IN_CHAIN,
    update: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
    ...(index === 0 ? {} : { names }),
    values,
    returns: 'none',
  }
}

/** The same for more changes than one expression can name: writes all attributes that the session now has. */
export const commitWhole = (
  session: SessionKey,
  id: WriteId,
  lastCommitId: string,
  attrs: { readonly [name: string]: AttributeValue },
  aliveUntilMs: number,
): Update => ({
  ...onSession(session),
  condition: NEXT_IN_CHAIN,
  update: 'SET commitId = :commit, rev = rev + :one, aliveUntil = :alive, expiresAt = :expires, attrs = :attrs',
  values: {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':last': str(lastCommitId),
    ':one': num(1),
    ':alive': num(aliveUntilMs),
    ':expires': ttlSeconds(aliveUntilMs + GRACE_MS),
    ':attrs': { M: attrs },
  },
  returns: 'none',
})

/** Ends the session's life. The tombstone keeps the fence, so that nobody's late write revives it. */
export const destroy = (session: SessionKey, id: WriteId, lastCommitId: string, nowMs: number): Update => ({
  ...onSession(session),
  condition: NEXT_IN_CHAIN,
  update:
    'SET commitId = :commit, rev = rev + :one, destroyedAt = :now, aliveUntil = :now, expiresAt = :expires ' +
    'REMOVE attrs',
  values: {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':last': str(lastCommitId),
    ':one': num(1),
    ':now': num(nowMs),
    ':expires': ttlSeconds(nowMs + GRACE_MS),
  },
  returns: 'none',
})

/** Whether a commit or destroy has landed, by this try or by an earlier one. Otherwise the session is lost. */
export function hasLanded(outcome: UpdateOutcome, id: WriteId): boolean {
  if (outcome.applied) return true
  const record = readSession(outcome.item)
  return record !== undefined && record.fence === id.epoch && record.commitId === id.commitId
}
