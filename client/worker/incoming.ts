import { types } from 'node:util'
import type { AccessSession } from '../access/access-session.js'
import { OpenedSession } from '../access/opened-session.js'
import { decodeValue } from '../codec/index.js'
import { HoldfastError, InvalidArgumentError } from '../errors/index.js'
import type { Changes } from '../state/attribute-cache.js'
import type { AccessState } from '../state/state-view.js'
import type { TryLockMessage } from './messages.js'

/**
 * Checks the messages of a worker thread, because its program may send anything over the port. Ids, locks and options
 * are not checked here: the client checks them.
 */
const stray = (what: string): InvalidArgumentError =>
  new InvalidArgumentError(`a worker thread sent ${what}: use connectHoldfast there, and nothing else on its port`)

export const unknownMessage = (): InvalidArgumentError => stray('a message that is not known')

/** The id of a call that names one session. */
export function onlyId(ids: unknown): string {
  if (!Array.isArray(ids) || ids.length !== 1) throw stray('a call that does not name one session')
  return ids[0]
}

/** The session of a running access that a request names by its index. */
export function sessionAt<T>(sessions: readonly T[] | undefined, index: unknown): T {
  const session = typeof index === 'number' ? sessions?.[index] : undefined
  if (session === undefined) throw stray('a request for an access that does not run')
  return session
}

export function checkTryLock({ done, port }: TryLockMessage): void {
  if (types.isInt32Array(done) && done.length === 1 && typeof port?.postMessage === 'function') return
  throw stray('a tryLock that cannot be answered')
}

/** The session that a thread has opened. */
export function openedSession(session: AccessSession): OpenedSession {
  if (session instanceof OpenedSession) return session
  throw stray('the end of a session that it has not opened')
}

/** Takes over the changes that the work has made in one session. The returned function undoes it. */
export function adopt(content: AccessState, entries: unknown): () => void {
  const changes = changesIn(entries)
  return readably(() => content.adopt(changes))
}

/** The attributes of a session that is to be made. */
export function attributesIn(entries: unknown): { [name: string]: unknown } {
  const changes = changesIn(entries)
  const decoded = () =>
    [...changes].map(([name, value]) => [name, value === undefined ? undefined : decodeValue(value)])
  return Object.fromEntries(readably(decoded))
}

function readably<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause
    throw new InvalidArgumentError('a worker thread sent a value that cannot be read', { cause })
  }
}

function changesIn(entries: unknown): Changes {
  if (!Array.isArray(entries) || !entries.every(isEntry)) throw stray('changes that are none')
  return new Map(entries)
}

const isEntry = (entry: unknown): boolean =>
  Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string' && entry[1] !== null
