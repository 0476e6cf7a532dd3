import type { Update } from '../protocol/dynamodb.js'
import { lockKey } from '../protocol/keys.js'
import { ABOVE_AHEAD_MAX_MS, ACQUIRE_ROUNDS_MAX, WAITERS_MAX } from '../protocol/limits.js'
import {
  type AcquireStep,
  firstStep,
  grantedMessage,
  planAcquire,
  planCancel,
  queuedMessage,
} from '../protocol/lock/acquire.js'
import { type LockRecord, readLock, type Seat } from '../protocol/lock/record.js'
import {
  dequeue,
  enqueueBehind,
  enqueueFirst,
  grant,
  grantAbove,
  handOver,
  raise,
  regrant,
  replaceWaiter,
} from '../protocol/lock/writes.js'
import type { ClientMessage, RefusalCode, StoreMessage } from '../protocol/messages.js'
import { fetchProcess, tellNextHolder } from './next-holder.js'
import type { Deps, Sender } from './ports.js'
import { type Asked, askOrReclaim } from './reclaim.js'

type Acquire = Extract<ClientMessage, { type: 'acquire' }>
type Cancel = Extract<ClientMessage, { type: 'cancel' }>
type GrantStep = Extract<AcquireStep, { kind: 'grant' | 'regrant' | 'raise' }>
type QueueStep = Extract<AcquireStep, { kind: 'enqueue' | 'replace' | 'wait' }>

/**
 * Grants the lock at once, or queues the request and asks the holder for the lock, or takes it from a dead holder. A
 * fresh acquire tries a write without a read, because a failed condition returns the record. A nudge reads first.
 */
export async function acquire(deps: Deps, sender: Sender, message: Acquire): Promise<StoreMessage> {
  const { session, r, above, waiters } = message
  if (above !== undefined && above > deps.nowMs() + ABOVE_AHEAD_MAX_MS) {
    return refused(message, 'MALFORMED', 'no fence of this store is as high as that')
  }
  const me: Seat = { p: sender.processId, r }
  const nudged = message.nudge === true
  const plan = (seen: LockRecord | undefined) =>
    planAcquire(seen, { me, above }, { timing: deps.timing, nowMs: deps.nowMs() })
  let lock = nudged ? readLock(await deps.store.get('locks', lockKey(session))) : undefined
  let step: AcquireStep = nudged ? plan(lock) : firstStep(above, waiters)

  for (let round = 0; round < ACQUIRE_ROUNDS_MAX; round += 1) {
    switch (step.kind) {
      case 'granted':
        return { type: 'granted', session, r, epoch: step.epoch, contended: step.contended }
      case 'stale':
        return refused(message, 'STALE_REQUEST', 'a newer request of this process is on record')
      case 'full': {
        // All waiters may be dead, and the holder too. Then only this sender can press the holder, or take its lock.
        if (lock !== undefined) {
          const { holder } = step
          lock = (await askOrReclaim(deps, sender, { session, lock, holder, read: undefined, nudged })).lock
        }
        if (plan(lock).kind !== 'full') break
        return refused(message, 'QUEUE_FULL', `${WAITERS_MAX} processes wait for this session already`)
      }
      case 'grant':
      case 'regrant':
      case 'raise': {
        const outcome = await deps.store.update(grantWrite(message, me, step, deps.nowMs()))
        lock = readLock(outcome.item)
        if (outcome.applied && lock !== undefined) return grantedMessage(session, me, lock)
        break
      }
      case 'handOver': {
        const write = handOver(session, { holder: me.p, epoch: step.epoch, nowMs: deps.nowMs() })
        const outcome = await deps.store.update(write)
        lock = readLock(outcome.item)
        if (outcome.applied) lock = await tellNextHolder(deps, sender, session, lock)
        break
      }
      default: {
        const queued = await queue(deps, message, me, step, lock)
        lock = queued.lock
        const next = plan(lock)
        if (queued.asked && next.kind === 'wait') {
          const { position } = next
          return queuedMessage(session, { me, position, holder: queued.holderLabel, nudged }, deps.timing)
        }
      }
    }
    step = plan(lock)
  }
  return refused(message, 'BUSY_RECORD', 'others kept changing this lock: the next nudge tries again')
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

/** Queues the request, unless it is queued already, and reads meanwhile of a holder that is not remembered. Then asks. */
async function queue(
  deps: Deps,
  message: Acquire,
  me: Seat,
  step: QueueStep,
  seen: LockRecord | undefined,
): Promise<Asked> {
  const { session } = message
  const write = queueWrite(message, me, step, deps.nowMs())
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
  return askOrReclaim(deps, { processId: me.p }, { session, lock, holder, read, nudged: message.nudge === true })
}

function queueWrite({ session }: Acquire, me: Seat, step: QueueStep, nowMs: number): Update | undefined {
  if (step.kind === 'wait') return undefined
  if (step.kind === 'replace') return replaceWaiter(session, { ...step, me })
  return step.first ? enqueueFirst(session, me, nowMs) : enqueueBehind(session, me, nowMs)
}

/** Takes a request back: removes it from the queue or, where it was granted meanwhile, releases the lock. */
export async function cancel(deps: Deps, sender: Sender, message: Cancel): Promise<StoreMessage> {
  const { session, r } = message
  const me: Seat = { p: sender.processId, r }
  let lock = readLock(await deps.store.get('locks', lockKey(session)))
  for (let round = 0; round < ACQUIRE_ROUNDS_MAX; round += 1) {
    const step = planCancel(lock, me)
    if (step.kind === 'nothing') break
    const outcome = await deps.store.update(
      step.kind === 'dequeue'
        ? dequeue(session, step)
        : handOver(session, { holder: me.p, epoch: step.epoch, nowMs: deps.nowMs() }),
    )
    lock = readLock(outcome.item)
    if (outcome.applied && step.kind === 'handOver') lock = await tellNextHolder(deps, sender, session, lock)
  }
  return { type: 'noted', of: 'cancel', session, r }
}
