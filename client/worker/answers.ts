import type { AccessSession } from '../access/access-session.js'
import { compileLockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError } from '../errors/index.js'
import { compileAccessOptions, compileTtlMs } from '../options/access-options.js'
import { adopt, checkTryLock, openedSession, sessionAt } from './incoming.js'
import type { Reply, RequestMessage, TryLocked, TryLockMessage } from './messages.js'
import { attributesOf } from './outgoing.js'
import { toWire } from './wire-error.js'

type Answer = Pick<Reply, 'attributes' | 'id' | 'problem'>
type Aborts = Map<number, AbortController>

const DONE: Answer = { attributes: [], id: undefined, problem: undefined }

/** Does what a worker thread asks of a session. Where that fails, nothing is left of the changes that came with it. */
export async function answer(message: RequestMessage, session: AccessSession, aborts: Aborts): Promise<Answer> {
  switch (message.op) {
    case 'commit': {
      const { changes, ttlMs } = message
      const ttl = ttlMs === undefined ? undefined : compileTtlMs(ttlMs)
      await withChanges(session, changes, () => session.commitPart(undefined, ttl))
      return DONE
    }
    case 'close':
      return close(session, message.changes)
    case 'rotateSession': {
      const { changes, to } = message
      const rotate = () => session.rotate(to === undefined ? {} : { to })
      return { ...DONE, id: await withChanges(session, changes, rotate) }
    }
    case 'destroySession':
      await session.destroy()
      return DONE
    case 'lock':
      await lock(session, message, aborts)
      return { ...DONE, attributes: attributesOf(session, compileLockRequest(message.locks)) }
  }
}

/**
 * Locks at once or not at all, and wakes the thread that stands still for it. Such a thread has not heard of a loss that
 * has ended the call already.
 */
export function answerTryLock(
  message: TryLockMessage,
  call: { readonly sessions: readonly AccessSession[] } | undefined,
): void {
  checkTryLock(message)
  const { locks, done, port } = message
  let locked: TryLocked
  try {
    if (call === undefined) throw new AccessEndedError()
    const session = sessionAt(call.sessions, message.index)
    const isLocked = session.tryLock(locks) !== undefined
    locked = isLocked
      ? { attributes: attributesOf(session, compileLockRequest(locks)) }
      : { attributes: undefined, error: undefined }
  } catch (error) {
    locked = { attributes: undefined, error: toWire(error) }
  }
  port.postMessage(locked)
  Atomics.store(done, 0, 1)
  Atomics.notify(done, 0)
}

async function withChanges<T>(session: AccessSession, changes: unknown, run: () => Promise<T>): Promise<T> {
  const undo = adopt(session.content, changes)
  try {
    return await run()
  } catch (error) {
    undo()
    throw error
  }
}

async function close(made: AccessSession, changes: unknown): Promise<Answer> {
  const session = openedSession(made)
  try {
    await withChanges(session, changes, () => session.close())
    return DONE
  } catch (error) {
    if (session.isOver) throw error
    return { ...DONE, problem: toWire(error) }
  }
}

async function lock(
  session: AccessSession,
  { m, locks, options = {}, waits }: Extract<RequestMessage, { op: 'lock' }>,
  aborts: Aborts,
): Promise<void> {
  if (waits === undefined) return void (await session.lock(locks, options))
  const controller = new AbortController()
  const { isAborted, ...rest } = waits
  if (isAborted) controller.abort()
  aborts.set(m, controller)
  try {
    const signal = controller.signal
    await session.lockFor(locks, options, compileAccessOptions({ ...rest, signal }, session.ticket.options))
  } finally {
    aborts.delete(m)
  }
}
