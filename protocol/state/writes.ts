import { type AttributeValue, num, str, ttlSeconds, type Update } from '../dynamodb.js'
import type { SessionKey } from '../keys.js'
import { GRACE_MS, SCHEMA_VERSION } from '../limits.js'

/**
 * Every write to a session's primary state, each ONE conditional UpdateItem, made by the client under its epoch; only
 * `rotate` is two, which land together. A write lands only under its own fence and straight after the write it was made
 * for: `commitId` is that chain. results.ts reads the outcome of a write.
 */

const UNKNOWN = 'attribute_not_exists(fence)'
const OLDER_FENCE = 'fence < :epoch'
const ALIVE = 'aliveUntil > :now AND attribute_not_exists(destroyedAt)'
const GONE = '(aliveUntil <= :now OR attribute_exists(destroyedAt))'
/** An id that was replaced by another stays dead as long as its tombstone stands. */
const NOT_ROTATED = 'attribute_not_exists(rotated)'
const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND attribute_not_exists(destroyedAt)'

/** The new end of a session's life. */
interface Life {
  readonly aliveUntilMs: number
  readonly nowMs: number
}

const LIVE_ON = 'aliveUntil = :alive, accessedAt = :now, expiresAt = :expires'
const lifeValues = ({ aliveUntilMs, nowMs }: Life) => ({
  ':alive': num(aliveUntilMs),
  ':now': num(nowMs),
  ':expires': ttlSeconds(aliveUntilMs + GRACE_MS),
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

/** Starts a session where there is none: unknown, expired or destroyed, but not rotated. `rev` goes on counting. */
export const claimAfresh = (
  session: SessionKey,
  id: WriteId,
  { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number },
): Update => ({
  ...onSession(session),
  condition: `${UNKNOWN} OR (${OLDER_FENCE} AND ${GONE} AND ${NOT_ROTATED})`,
  update:
    'SET fence = :epoch, commitId = :commit, rev = if_not_exists(rev, :zero) + :one, attrs = :empty, ' +
    `createdAt = :now, ${LIVE_ON}, #schema = :schema REMOVE destroyedAt`,
  names: { '#schema': 'schema' },
  values: {
    ':epoch': num(id.epoch),
    ':commit': str(id.commitId),
    ':zero': num(0),
    ':one': num(1),
    ...lifeValues({ aliveUntilMs: nowMs + ttlMs, nowMs }),
    ':empty': { M: {} },
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
}

/** The values of every write of a chain but the first. */
const linkValues = ({ epoch, lastCommitId }: ChainEnd, commitId: string) => ({
  ':epoch': num(epoch),
  ':commit': str(commitId),
  ':last': str(lastCommitId),
})

interface Commit extends Life {
  readonly commitId: string
}

/** Writes the changes, on condition that the last write in the chain is still this hold's own. */
export function commit(
  end: ChainEnd,
  { commitId, changes, aliveUntilMs, nowMs }: Commit & { readonly changes: Changes },
): Update {
  const names: Record<string, string> = {}
  const values: Record<string, AttributeValue> = {
    ...linkValues(end, commitId),
    ...lifeValues({ aliveUntilMs, nowMs }),
    ':one': num(1),
  }
  const sets = ['commitId = :commit', 'rev = rev + :one', LIVE_ON]
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
    ...onSession(end.session),
    condition: NEXT_IN_CHAIN,
    update: `SET ${sets.join(', ')}${removes.length === 0 ? '' : ` REMOVE ${removes.join(', ')}`}`,
    ...(index === 0 ? {} : { names }),
    values,
    returns: 'none',
  }
}

/** The same for more changes than one expression can name: writes all attributes that the session now has. */
export const commitWhole = (
  end: ChainEnd,
  { commitId, attrs, aliveUntilMs, nowMs }: Commit & { readonly attrs: Attributes },
): Update => ({
  ...onSession(end.session),
  condition: NEXT_IN_CHAIN,
  update: `SET commitId = :commit, rev = rev + :one, ${LIVE_ON}, attrs = :attrs`,
  values: {
    ...linkValues(end, commitId),
    ...lifeValues({ aliveUntilMs, nowMs }),
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

/** The content and age of a session, which go along to its new id. */
export interface Carried {
  readonly attrs: Attributes
  readonly createdAt: number
  /** The revision that the session had under its old id. */
  readonly rev: number
}

interface Rotation extends Commit {
  readonly from: ChainEnd
  readonly to: ChainEnd
  readonly carried: Carried
}

/**
 * Gives a session a new id: two writes that land together, under one commitId. The new id, just claimed afresh under
 * its own epoch, takes over everything; the old one becomes a tombstone that no claim ever revives.
 */
export function rotate({ from, to, commitId, carried, aliveUntilMs, nowMs }: Rotation): readonly [Update, Update] {
  const ended = destroy(from, { commitId, nowMs })
  return [
    {
      ...onSession(to.session),
      condition: NEXT_IN_CHAIN,
      update: `SET commitId = :commit, rev = :rev, createdAt = :created, ${LIVE_ON}, attrs = :attrs`,
      values: {
        ...linkValues(to, commitId),
        ...lifeValues({ aliveUntilMs, nowMs }),
        ':rev': num(carried.rev + 1),
        ':created': num(carried.createdAt),
        ':attrs': { M: carried.attrs },
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
