import { type AttributeValue, num, str, ttlSeconds, type Update } from '../dynamodb.js'
import type { SessionKey } from '../keys.js'
import { GRACE_MS, SCHEMA_VERSION } from '../limits.js'

/**
 * Every write to a session's primary state, each ONE conditional UpdateItem, made by the client under its epoch; only
 * `rotate` is two, which land together. A write lands only under its own fence and straight after the write it was made
 * for: `commitId` and `rev` are that chain. results.ts reads the outcome of a write.
 */

const UNKNOWN = 'attribute_not_exists(fence)'
const OLDER_FENCE = 'fence < :epoch'
const ALIVE = 'aliveUntil > :now AND attribute_not_exists(destroyedAt) AND attribute_not_exists(unborn)'
const GONE = '(aliveUntil <= :now OR attribute_exists(destroyedAt) OR attribute_exists(unborn))'
/** An id that was replaced by another stays dead as long as its tombstone stands. */
const NOT_ROTATED = 'attribute_not_exists(rotated)'
/**
 * `rev` tells the record from an older copy that was put back, on which this hold's claim has landed once more. A
 * tombstone has no attributes.
 */
const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND rev = :rev AND attribute_exists(attrs)'
/** The first commit begins the session's life, and nothing is left of the end of the life before. */
const BORN = 'REMOVE unborn, destroyedAt'

/** A session's life, as a commit at this time leaves it. */
export interface Life {
  readonly createdAt: number
  readonly aliveUntil: number
  /** The lifetime of this session, where it has one of its own. */
  readonly ttlMs: number | undefined
  readonly nowMs: number
}

const liveOn = ({ ttlMs }: Life): string =>
  `createdAt = :created, accessedAt = :now, aliveUntil = :alive, expiresAt = :expires${ttlMs === undefined ? '' : ', ttlMs = :ttl'}`
const lifeValues = ({ createdAt, aliveUntil, ttlMs, nowMs }: Life) => ({
  ':created': num(createdAt),
  ':alive': num(aliveUntil),
  ':now': num(nowMs),
  ':expires': ttlSeconds(aliveUntil + GRACE_MS),
  ...(ttlMs === undefined ? {} : { ':ttl': num(ttlMs) }),
})

const onSession = (session: SessionKey) => ({ table: 'sessions', key: session }) as const

/** A holder's write. `commitId` is new and random, so that a late or repeated copy is recognised. */
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

/**
 * The new holder's first write where there is no session: unknown, expired or destroyed, but not rotated. The session
 * stays unborn until the first commit: for everybody else there is none. `rev` goes on counting.
 */
export const claimAfresh = (
  session: SessionKey,
  id: WriteId,
  { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number },
): Update => ({
  ...onSession(session),
  condition: `${UNKNOWN} OR (${OLDER_FENCE} AND ${GONE} AND ${NOT_ROTATED})`,
  update:
    'SET fence = :epoch, commitId = :commit, rev = if_not_exists(rev, :zero), attrs = :empty, unborn = :unborn, ' +
    'createdAt = :now, accessedAt = :now, aliveUntil = if_not_exists(aliveUntil, :zero), expiresAt = :expires, ' +
    '#schema = :schema REMOVE ttlMs',
  names: { '#schema': 'schema' },
  values: {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':zero': num(0),
    ':empty': { M: {} },
    ':unborn': { BOOL: true },
    ':now': num(nowMs),
    ':expires': ttlSeconds(nowMs + ttlMs + GRACE_MS),
    ':schema': num(SCHEMA_VERSION),
  },
  returns: 'new',
})

/** The changes of a commit, by attribute: undefined deletes it. */
export type Changes = ReadonlyMap<string, AttributeValue | undefined>

/** All attributes of a session. */
export type Attributes = { readonly [name: string]: AttributeValue }

/** A session that a process holds, and the last write of its chain. */
export interface ChainEnd {
  readonly session: SessionKey
  readonly epoch: number
  readonly lastCommitId: string
  /** The number of commits up to that write. */
  readonly rev: number
}

/** The values of every write of a chain but the first. */
const linkValues = ({ epoch, lastCommitId, rev }: ChainEnd, commitId: string) => ({
  ':epoch': num(epoch),
  ':commit': str(commitId),
  ':last': str(lastCommitId),
  ':rev': num(rev),
})

interface Commit extends Life {
  readonly commitId: string
}

/** Writes the changes, on condition that the last write in the chain is still this hold's own. */
export function commit(end: ChainEnd, { changes, ...link }: Commit & { readonly changes: Changes }): Update {
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {
    ...linkValues(end, link.commitId),
    ...lifeValues(link),
    ':one': num(1),
  }
  const sets = ['commitId = :commit', 'rev = rev + :one', liveOn(link)]
  const removes = [BORN]
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
    ...onSession(end.session),
    condition: NEXT_IN_CHAIN,
    update: `SET ${sets.join(', ')} ${removes.join(', ')}`,
    ...(index === 0 ? {} : { names }),
    values,
    returns: 'none',
  }
}

/** The same for more changes than one expression can name: writes all attributes that the session now has. */
export const commitWhole = (end: ChainEnd, { attrs, ...link }: Commit & { readonly attrs: Attributes }): Update => ({
  ...onSession(end.session),
  condition: NEXT_IN_CHAIN,
  update: `SET commitId = :commit, rev = rev + :one, ${liveOn(link)}, attrs = :attrs ${BORN}`,
  values: {
    ...linkValues(end, link.commitId),
    ...lifeValues(link),
    ':one': num(1),
    ':attrs': { M: attrs },
  },
  returns: 'none',
})

const BURY = 'SET commitId = :commit, rev = rev + :one, destroyedAt = :now, aliveUntil = :now, expiresAt = :expires'

/** Ends the session's life. The tombstone keeps the fence, so that no late write revives the session. */
export const destroy = (
  end: ChainEnd,
  { commitId, nowMs }: { readonly commitId: string; readonly nowMs: number },
): Update => ({
  ...onSession(end.session),
  condition: NEXT_IN_CHAIN,
  update: `${BURY} REMOVE attrs`,
  values: {
    ...linkValues(end, commitId),
    ':one': num(1),
    ':now': num(nowMs),
    ':expires': ttlSeconds(nowMs + GRACE_MS),
  },
  returns: 'none',
})

interface Rotation extends Commit {
  readonly from: ChainEnd
  readonly to: ChainEnd
  /** All attributes: they go along to the new id, with the session's life. */
  readonly attrs: Attributes
}

/**
 * Gives a session a new id: two writes that land together, under one commitId. The new id, claimed afresh under its own
 * epoch and unborn, takes over everything; the old one becomes a tombstone that no claim ever revives.
 */
export function rotate({ from, to, attrs, ...link }: Rotation): readonly [Update, Update] {
  const ended = destroy(from, link)
  return [
    {
      ...onSession(to.session),
      condition: NEXT_IN_CHAIN,
      update: `SET commitId = :commit, rev = :next, ${liveOn(link)}, attrs = :attrs ${BORN}`,
      values: {
        ...linkValues(to, link.commitId),
        ...lifeValues(link),
        ':next': num(from.rev + 1),
        ':attrs': { M: attrs },
      },
      returns: 'none',
    },
    {
      ...ended,
      update: `${BURY}, rotated = :rotated REMOVE attrs`,
      values: { ...ended.values, ':rotated': { BOOL: true } },
    },
  ]
}
