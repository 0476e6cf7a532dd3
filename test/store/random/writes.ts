import * as fc from 'fast-check'
import type { AttributeValue, Item, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { lockKey, processKey } from '../../../protocol/keys.js'
import { WAITERS_MAX } from '../../../protocol/limits.js'
import { enqueueBehind, enqueueFirst } from '../../../protocol/lock/join-writes.js'
import { type LockRecord, readLock, type Seat } from '../../../protocol/lock/record.js'
import { handOverWrite } from '../../../protocol/lock/release.js'
import * as lockWrites from '../../../protocol/lock/writes.js'
import { readProcess } from '../../../protocol/process/record.js'
import * as processWrites from '../../../protocol/process/writes.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { readSession } from '../../../protocol/state/record.js'
import * as stateWrites from '../../../protocol/state/writes.js'
import { DEFAULT_TIMING } from '../../../protocol/timing.js'
import type { MemoryStore } from '../../../store/memory/memory-store.js'
import { ANNA, BERT, CLEO, introduction, seat } from '../fixtures.js'

/** Random sequences of the protocol's own writes, mostly fit for the record as it stands, and often just not. */

const PROCESSES = [ANNA, BERT, CLEO] as const
const MARKS: { readonly [p: string]: string } = { [ANNA]: 'one', [BERT]: 'one', [CLEO]: 'two' }
const TTL_MS = 3_600_000

/** The parts of one random write. `slip` says by how much it misses the epoch or the place that it means. */
const parts = fc.record({
  write: fc.nat({ max: 999 }),
  process: fc.constantFrom<string[]>(...PROCESSES),
  r: fc.integer({ min: 1, max: 4 }),
  slip: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, -1),
  place: fc.nat({ max: 3 }),
  stepMs: fc.constantFrom(0, 1, 1, 1_000, 9_000, 16_000),
  commitId: fc.constantFrom('a', 'b', 'c'),
  changes: fc.dictionary(
    fc.constantFrom('cart', 'seen', 'profile'),
    fc.option(fc.constantFrom<AttributeValue>(num(1), str('x'), { L: [num(1)] }, { M: { y: { NULL: true } } }), {
      nil: undefined,
    }),
    { noNullPrototype: true },
  ),
})
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never

export const writeSequence = fc.array(parts, { minLength: 20, maxLength: 40 })

interface Moment extends Parts {
  readonly session: string
  readonly nowMs: number
  readonly lock: LockRecord | undefined
  readonly epoch: number
  readonly me: Seat
  readonly isGuest: boolean
  /** The seat of the holder, or one that is not. */
  readonly seen: Seat
}

const lockChoices: readonly ((moment: Moment) => Update)[] = [
  ({ session, me, nowMs }) => lockWrites.grant(session, me, nowMs),
  ({ session, me, nowMs }) => lockWrites.grant(session, me, nowMs),
  ({ session, me, epoch, nowMs }) => lockWrites.grantAbove(session, me, { above: epoch + 10, nowMs }),
  ({ session, me, seen, epoch, nowMs }) => lockWrites.regrant(session, { me, seen, epoch, nowMs }),
  ({ session, me, seen, epoch, nowMs }) => lockWrites.raise(session, { me, seen, epoch, above: epoch + 5, nowMs }),
  ({ session, me, isGuest, nowMs }) => enqueueFirst(session, me, { isGuest, nowMs }),
  ({ session, me, isGuest, nowMs }) => enqueueFirst(session, me, { isGuest, nowMs }),
  ({ session, me, isGuest, nowMs }) =>
    enqueueBehind(session, me, { isGuest, isMixed: false, waitersMax: WAITERS_MAX, nowMs }),
  ({ session, me, isGuest, place, nowMs }) =>
    enqueueBehind(session, me, { isGuest, isMixed: place > 1, waitersMax: WAITERS_MAX, nowMs }),
  ({ session, me, lock, place }) =>
    lockWrites.replaceWaiter(session, { me, seen: lock?.waiters[place] ?? me, index: place }),
  ({ session, me, lock, place, slip }) =>
    lockWrites.dequeue(session, {
      seen: lock?.waiters[place] ?? me,
      index: place,
      isLast: (lock?.waiters.length === 1) === (slip === 0),
    }),
  ({ session, epoch, nowMs }) => lockWrites.ask(session, { epoch, nowMs }),
  ({ session, seen, epoch, nowMs }) => lockWrites.handOver(session, { holder: seen.p, epoch, nowMs }),
  ({ session, seen, epoch, lock, nowMs }) => handOverWrite(session, { holder: seen.p, epoch, nowMs }, lock),
  ({ session, seen, epoch, nowMs }) => lockWrites.busy(session, { holder: seen.p, epoch, untilMs: nowMs + 30_000 }),
  ({ session, seen, epoch, nowMs }) => lockWrites.keep(session, { holder: seen.p, epoch, nowMs }),
]

const connection = ({ process, r }: Parts) => `${process}-${r}`
const who = (given: Parts) => introduction({ processId: given.process, gen: given.r, connectionId: connection(given) })

const processChoices: readonly ((moment: Moment) => Update)[] = [
  (moment) => processWrites.register(who(moment), { timing: DEFAULT_TIMING, nowMs: moment.nowMs }),
  ({ process, epoch }) => processWrites.raiseTerm(process, 'maxBusyMs', epoch),
  (moment) => processWrites.reconnect(who(moment), moment.nowMs),
  (moment) => processWrites.introduceConnection(connection(moment), { principal: moment.session, nowMs: moment.nowMs }),
  (moment) => processWrites.bindConnection(connection(moment), { processId: moment.process, nowMs: moment.nowMs }),
  ({ process, nowMs }) => processWrites.renew(process, { leaseMs: 15_000, nowMs }),
  ({ process, nowMs }) => processWrites.renew(process, { leaseMs: 15_000, nowMs }),
  ({ process, session, epoch, nowMs }) => processWrites.noteAsk(process, { session, epoch, nowMs }),
  ({ process, session, epoch }) => processWrites.forgetAsk(process, { session, epoch }),
  ({ process }) => processWrites.noteMore(process),
  ({ process, nowMs }) => processWrites.evict(process, nowMs),
  ({ process, nowMs }) => processWrites.retire(process, nowMs),
]

/**
 * A lock record as the protocol reads it. Some of these writes are only nearly the protocol's and may break a rule of the
 * queue: such a record counts as unknown.
 */
function readable(item: Item | undefined): LockRecord | undefined {
  try {
    return readLock(item)
  } catch (error) {
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}

/** A random write for the current store, such as a handler or a client would send, or nearly such. */
export async function toWrite(
  memory: MemoryStore,
  session: string,
  given: Parts,
  nowMs: number,
): Promise<Update | readonly Update[]> {
  const lock = readable(await memory.get('locks', lockKey(session)))
  const group = given.write % 3
  if (group === 0) return stateWrite(memory, session, given, nowMs)
  const choices = group === 1 ? lockChoices : processChoices
  const choose = choices[Math.floor(given.write / 3) % choices.length] as (typeof choices)[number]
  const process = readProcess(await memory.get('locks', processKey(given.process)))
  const noted = process?.asks.get(session)?.epoch
  return choose({
    ...given,
    session,
    nowMs,
    lock,
    epoch: (group === 2 ? (noted ?? 7) : (lock?.epoch ?? 7)) + given.slip,
    me: seat(given.process, given.r, MARKS[given.process]),
    isGuest: (lock?.mark !== MARKS[given.process]) === (given.slip === 0),
    seen: (given.slip === 0 ? lock?.holder : undefined) ?? seat(given.process, given.r),
  })
}

async function stateWrite(
  memory: MemoryStore,
  home: string,
  given: Parts,
  nowMs: number,
): Promise<Update | readonly Update[]> {
  // Two sessions, each of which may rotate into the other.
  const [session, other] = given.r % 2 === 1 ? [`${home}-2`, home] : [home, `${home}-2`]
  const record = readSession(await memory.get('sessions', session))
  const fence = record?.fence ?? 0
  const last = given.slip === 1 ? 'another' : (record?.commitId ?? 'none')
  const { commitId } = given
  const end: stateWrites.ChainEnd = {
    session,
    epoch: fence - (given.slip === -1 ? 1 : 0),
    lastCommitId: last,
    rev: record?.rev ?? 0,
  }
  const next: stateWrites.WriteId = { epoch: fence + 1 + given.slip, commitId }
  const ttlMs = given.place === 0 ? 5_000 : TTL_MS
  const own = given.slip === 0 ? ttlMs : undefined
  const life = { createdAt: record?.createdAt ?? nowMs, aliveUntil: nowMs + ttlMs, ttlMs: own, nowMs }
  const changes = new Map(Object.entries(given.changes))
  const kept = Object.entries(given.changes).filter(
    (entry): entry is [string, AttributeValue] => entry[1] !== undefined,
  )
  switch (Math.floor(given.write / 3) % 9) {
    case 0:
      return stateWrites.claim(session, next, nowMs)
    case 1:
    case 2:
      return stateWrites.claimAfresh(session, next, { ttlMs, nowMs })
    case 3:
    case 4:
      return stateWrites.commit(end, { commitId, changes, ...life })
    case 5:
      return stateWrites.commitWhole(end, { commitId, attrs: Object.fromEntries(kept), ...life })
    case 6:
      return stateWrites.destroy(end, { commitId, nowMs })
    default: {
      const target = readSession(await memory.get('sessions', other))
      const to = {
        session: other,
        epoch: target?.fence ?? 0,
        lastCommitId: target?.commitId ?? 'none',
        rev: target?.rev ?? 0,
      }
      if (target?.isUnborn !== true && given.place > 0) {
        return stateWrites.claimAfresh(other, { epoch: to.epoch + 1, commitId }, { ttlMs: TTL_MS, nowMs })
      }
      return stateWrites.rotate({ from: end, to, commitId, attrs: record?.attrs ?? {}, ...life })
    }
  }
}
