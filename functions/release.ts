import { handoffId } from '../protocol/handoff-id.js'
import { isHeldBy } from '../protocol/lock/holder.js'
import { readLock } from '../protocol/lock/record.js'
import { isFollowed, releasedMessage } from '../protocol/lock/release.js'
import * as lockWrites from '../protocol/lock/writes.js'
import type { ClientMessage, StoreMessage } from '../protocol/messages.js'
import { termOf } from '../protocol/process/terms.js'
import { forgetAsk } from '../protocol/process/writes.js'
import { handOver } from './hand-over.js'
import { fetchProcess, noteHandoff, tellNextHolder } from './next-holder.js'
import type { Deps, Sender } from './ports.js'

/** The messages of a holder about one lock: release, busy, keep. */
type Message<T extends ClientMessage['type']> = Extract<ClientMessage, { type: T }>

/**
 * Hands the lock to the next in line. If this release was applied before and its answer was lost, it makes sure that
 * the next holder is told. A release of any other epoch changes nothing.
 */
export async function release(deps: Deps, sender: Sender, message: Message<'release'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const releaser = sender.processId
  const { applied, lock: found } = await handOver(deps, session, { holder: releaser, epoch }, undefined)
  if (isHeldBy(found, { holder: releaser, epoch })) return stillHeld(message)
  const lock = isFollowed(found, epoch) ? await tellNextHolder(deps, sender, session, found) : undefined
  if (applied) noteHandoff(deps, sender, session, { holder: releaser, epoch }, found)
  else {
    noteStale(deps, sender, message)
    await deps.store.update(forgetAsk(releaser, { session, epoch }))
  }
  return releasedMessage({ session, epoch, releaser, lock })
}

/** A message about a grant that is over: a copy, or one of a process that has not heard of it. */
function noteStale(deps: Deps, { processId }: Sender, { type, session, epoch }: Message<'release' | 'busy' | 'keep'>) {
  const about = { of: type, handoff: handoffId(session, epoch), process: processId }
  deps.log({ level: 'info', event: 'stale', ...about }, { StaleMessages: 1 })
}

const stillHeld = ({ session, epoch, r }: Message<'release'>): StoreMessage => ({
  type: 'refused',
  code: 'BUSY_RECORD',
  message: 'others kept changing this lock: release it again',
  of: 'release',
  session,
  epoch,
  r,
})

/** Grants a holder time to finish, counted from its first `busy` in this epoch. */
export async function busy(deps: Deps, sender: Sender, message: Message<'busy'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const holder = sender.processId
  // The holder counts on the time that it was told, which may be longer than the one of this function.
  const process = await fetchProcess(deps, holder)
  const untilMs = deps.nowMs() + termOf(process, deps.timing, 'maxBusyMs')
  const outcome = await deps.store.update(lockWrites.busy(session, { holder, epoch, untilMs }))
  if (isHeldBy(readLock(outcome.item), { holder, epoch })) return noted(message)
  noteStale(deps, sender, message)
  return lost(message)
}

/** Keeps a held lock record from TTL. The answer asks for the lock where others wait. */
export async function keep(deps: Deps, sender: Sender, message: Message<'keep'>): Promise<StoreMessage> {
  const { session, epoch } = message
  const write = lockWrites.keep(session, { holder: sender.processId, epoch, nowMs: deps.nowMs() })
  const outcome = await deps.store.update(write)
  if (!outcome.applied) {
    noteStale(deps, sender, message)
    return lost(message)
  }
  const waiters = readLock(outcome.item)?.waiters ?? []
  return waiters.length > 0 ? { type: 'revoke', session, epoch } : noted(message)
}

const noted = ({ type, session, epoch }: Message<'busy' | 'keep'>): StoreMessage => ({
  type: 'noted',
  of: type,
  session,
  epoch,
})

const lost = ({ session, epoch }: Message<'busy' | 'keep'>): StoreMessage => ({
  type: 'lost',
  session,
  epoch,
  reason: 'revoked',
})
