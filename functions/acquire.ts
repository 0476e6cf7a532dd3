import type { Update } from '../protocol/dynamodb.js'
import { handoffId } from '../protocol/handoff-id.js'
import { lockKey, type SessionKey } from '../protocol/keys.js'
import { ABOVE_AHEAD_MAX_MS, ACQUIRE_ROUNDS_MAX } from '../protocol/limits.js'
import {
  type AcquireStep,
  firstStep,
  grantedMessage,
  planAcquire,
  planCancel,
  queuedMessage,
} from '../protocol/lock/acquire.js'
import { join } from '../protocol/lock/join-writes.js'
import { type LockRecord, readLock, type Seat } from '../protocol/lock/record.js'
import { dequeue, grant, grantAbove, raise, regrant, replaceWaiter } from '../protocol/lock/writes.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../protocol/messages.js'
import { type HandedOver, handOver } from './hand-over.js'
import { fetchProcess, noteHandoff, tellNextHolder } from './next-holder.js'
import type { Deps, Sender } from './ports.js'
import { type Asked, askOrReclaim } from './reclaim.js'

type Acquire = Extract<ClientMessage, { type: 'acquire' }>
type Cancel = Extract<ClientMessage, { type: 'cancel' }>
type GrantStep = Extract<AcquireStep, { kind: 'grant' | 'regrant' | 'raise' }>
type QueueStep = Extract<AcquireStep, { kind: 'enqueue' | 'replace' | 'wait' | 'full' }>

/**
 * Grants the lock at once, or queues the request and asks the holder for the lock, or takes it from a dead holder. A
 * fresh acquire tries a write without a read, because a failed condition returns the record. A nudge reads first.
 */
export async function acquire(deps: Deps, sender: Sender, message: Acquire): Promise<StoreMessage> {
  const { session, r, above, waiters, since } = message
  if (above !== undefined && above > deps.nowMs() + ABOVE_AHEAD_MAX_MS) {
    return refused(message, 'MALFORMED', 'no fence of this store is as high as that')
  }
  const me: Seat = { p: sender.processId, r, m: sender.mark }
  const nudged = message.nudge === true
  const plan = (seen: LockRecord | undefined) =>
    planAcquire(seen, { me, above, since }, { timing: deps.timing, nowMs: deps.nowMs() })
  let lock = nudged ? readLock(await deps.store.get('locks', lockKey(session))) : undefined
  let isReclaimed = false
  let step: AcquireStep = nudged ? plan(lock) : firstStep(above, waiters)

  for (let round = 0; round < ACQUIRE_ROUNDS_MAX; round += 1) {
    switch (step.kind) {
      case 'granted':
        // It was granted before this message, unless this message has reclaimed it.
        if (isReclaimed) noteGrant(deps, sender, message, step.epoch)
        return { type: 'granted', session, r, epoch: step.epoch, contended: step.contended }
      case 'stale':
        deps.log({ level: 'info', event: 'stale', of: 'acquire', process: me.p }, { StaleMessages: 1 })
        return refused(message, 'STALE_REQUEST', 'a newer request of this process is on record')
      case 'grant':
      case 'regrant':
      case 'raise': {
        const outcome = await deps.store.update(grantWrite(message, me, step, deps.nowMs()))
        lock = readLock(outcome.item)
        if (outcome.applied && lock !== undefined) {
          noteGrant(deps, sender, message, lock.epoch)
          return grantedMessage(session, me, lock)
        }
        break
      }
      case 'handOver':
        lock = (await passOn(deps, sender, session, step.epoch, lock)).lock
        break
      default: {
        const queued = await queue(deps, sender, message, step, lock)
        lock = queued.lock
        isReclaimed = queued.asked && queued.revoked === undefined
        const next = plan(lock)
        if (queued.asked && (next.kind === 'wait' || next.kind === 'full')) {
          const nowMs = deps.nowMs()
          // Outside of the queue nothing is granted: there is no need to look sooner than others.
          const polls = sender.polls && next.kind === 'wait'
          const askedForMs = polls ? nowMs - (lock?.askedAt ?? nowMs) : undefined
          const fullSince = next.kind === 'full' ? (since ?? nowMs) : undefined
          const place = { me, position: next.position, holder: queued.holderLabel, nudged, askedForMs }
          noteQueued(deps, sender, message, { ...queued, ...next })
          return queuedMessage(session, { ...place, since: fullSince }, deps.timing)
        }
      }
    }
    step = plan(lock)
  }
  return refused(message, 'BUSY_RECORD', 'others kept changing this lock: the next nudge tries again')
}

/** A request that a message grants by its own answer. Repeats were counted when they came first. */
function noteGrant(deps: Deps, { processId }: Sender, { session, nudge }: Acquire, epoch: number): void {
  const about = { grant: handoffId(session, epoch), process: processId }
  deps.log({ level: 'info', event: 'granted', ...about }, nudge === true ? {} : { AcquireImmediate: 1 })
}

function noteQueued(
  deps: Deps,
  { processId }: Sender,
  { session, nudge }: Acquire,
  { lock, revoked, kind, position }: Asked & { readonly kind: 'wait' | 'full'; readonly position: number },
): void {
  const about = { handoff: handoffId(session, lock?.epoch ?? 0), process: processId, position }
  const full = kind === 'full' ? { QueueFull: 1 } : {}
  const fresh = { AcquireQueued: 1, QueueDepthMax: position + 1, ...(revoked && { RevokesSent: 1 }), ...full }
  const again = revoked ? { RevokesRepeated: 1 } : {}
  deps.log({ level: 'info', event: 'queued', ...about }, nudge === true ? again : fresh)
}

const refused = ({ session, r }: Acquire, code: RefusalCode, message: string): StoreMessage => ({
  type: 'refused',
  code,
  message,
  of: 'acquire',
  session,
  r,
})

function grantWrite({ session }: Acquire, me: Seat, step: GrantStep, nowMs: number): Update {
  if (step.kind === 'regrant') return regrant(session, { ...step, me, nowMs })
  if (step.kind === 'raise') return raise(session, { ...step, me, nowMs })
  return step.above === undefined ? grant(session, me, nowMs) : grantAbove(session, me, { above: step.above, nowMs })
}

/**
 * Queues the request, unless it is queued already or has no place, and reads meanwhile of a holder that is not remembered.
 * Then asks: all waiters may be dead, so one without a place presses the holder, too.
 */
async function queue(
  deps: Deps,
  sender: Sender,
  message: Acquire,
  step: QueueStep,
  seen: LockRecord | undefined,
): Promise<Asked> {
  const { session } = message
  const write = queueWrite(sender, message, step, deps.nowMs())
  const expected = step.holder
  const isToRead = expected !== undefined && deps.processes.recall(expected) === undefined
  const [outcome, process] = await Promise.all([
    write === undefined ? undefined : deps.store.update(write),
    isToRead ? fetchProcess(deps, expected) : undefined,
  ])
  const lock = outcome === undefined ? seen : readLock(outcome.item)
  if (outcome?.applied === false || lock?.holder === undefined) return { lock, asked: false }
  const holder = lock.holder.p
  const read = isToRead && holder === expected ? { process } : undefined
  return askOrReclaim(deps, sender, { session, lock, holder, read, nudged: message.nudge === true })
}

function queueWrite(sender: Sender, { session, r }: Acquire, step: QueueStep, nowMs: number): Update | undefined {
  const me: Seat = { p: sender.processId, r, m: sender.mark }
  if (step.kind === 'enqueue') return join(session, me, { ...step.join, nowMs })
  return step.kind === 'replace' ? replaceWaiter(session, { ...step, me }) : undefined
}

/** The sender holds the lock, and gives it to the next in line. */
async function passOn(
  deps: Deps,
  sender: Sender,
  session: SessionKey,
  epoch: number,
  lock: LockRecord | undefined,
): Promise<HandedOver> {
  const passed = await handOver(deps, session, { holder: sender.processId, epoch }, lock)
  if (!passed.applied) return passed
  const now = await tellNextHolder(deps, sender, session, passed.lock)
  noteHandoff(deps, sender, session, { holder: sender.processId, epoch }, passed.lock)
  return { applied: true, lock: now }
}

/** Takes a request back: removes it from the queue or, where it was granted meanwhile, releases the lock. */
export async function cancel(deps: Deps, sender: Sender, message: Cancel): Promise<StoreMessage> {
  const { session, r } = message
  const me: Seat = { p: sender.processId, r }
  let lock = readLock(await deps.store.get('locks', lockKey(session)))
  for (let round = 0; round < ACQUIRE_ROUNDS_MAX; round += 1) {
    const step = planCancel(lock, me)
    if (step.kind === 'nothing') break
    if (step.kind === 'dequeue') lock = readLock((await deps.store.update(dequeue(session, step))).item)
    else {
      const passed = await passOn(deps, sender, session, step.epoch, lock)
      const about = { handoff: handoffId(session, step.epoch), process: me.p }
      // Otherwise another message has given the lock back, or a repeated cancel will.
      if (passed.applied) deps.log({ level: 'info', event: 'unwanted', ...about }, { GrantsUnwanted: 1 })
      lock = passed.lock
    }
  }
  return { type: 'noted', of: 'cancel', session, r }
}
