import { enqueueBehind, enqueueFirst } from '../../protocol/lock/join-writes.js'
import * as lock from '../../protocol/lock/writes.js'
import * as process from '../../protocol/process/writes.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'

const me = { p: 'me', r: 2 }
const seen = { p: 'me', r: 1 }
const SESSION = 'shop#session'
const NOW = 1
const held = { holder: 'me', epoch: 1, nowMs: NOW }
const again = { me, seen, epoch: 1, nowMs: NOW }
const who = {
  processId: 'me',
  secretHash: 'hash',
  principal: 'role',
  label: '',
  gen: 1,
  connectionId: 'connection',
  endpoint: 'endpoint',
}

/** Each write to the table of locks, as the protocol makes it. Its expressions depend on the place in the queue alone. */
const WRITES = {
  grant: lock.grant(SESSION, me, NOW),
  grantAbove: lock.grantAbove(SESSION, me, { above: 1, nowMs: NOW }),
  regrant: lock.regrant(SESSION, again),
  raise: lock.raise(SESSION, { ...again, above: 1 }),
  enqueueFirst: enqueueFirst(SESSION, me, { isGuest: false, nowMs: NOW }),
  enqueueBehind: enqueueBehind(SESSION, me, { isGuest: false, isMixed: false, waitersMax: 1, nowMs: NOW }),
  replaceWaiter: lock.replaceWaiter(SESSION, { me, seen, index: 0 }),
  dequeueLast: lock.dequeue(SESSION, { seen, index: 0, isLast: true }),
  ask: lock.ask(SESSION, { epoch: 1, nowMs: NOW }),
  handOver: lock.handOver(SESSION, held),
  busy: lock.busy(SESSION, { ...held, untilMs: NOW }),
  keep: lock.keep(SESSION, held),
  register: process.register(who, { timing: DEFAULT_TIMING, nowMs: NOW }),
  reconnect: process.reconnect(who, NOW),
  introduceConnection: process.introduceConnection('connection', { principal: 'role', nowMs: NOW }),
  bindConnection: process.bindConnection('connection', { processId: 'me', nowMs: NOW }),
  raiseTerm: process.raiseTerm('me', 'maxBusyMs', 1),
  renew: process.renew('me', { leaseMs: 1, nowMs: NOW }),
  noteAsk: process.noteAsk('me', { session: SESSION, epoch: 1, nowMs: NOW }),
  forgetAsk: process.forgetAsk('me', { session: SESSION, epoch: 1 }),
  evict: process.evict('me', NOW),
  retire: process.retire('me', NOW),
}

/** The name of the write that has both of these expressions, and all of these values. */
export function lockWriteOf(input: {
  readonly ConditionExpression: string
  readonly UpdateExpression: string
  readonly ExpressionAttributeValues: object
}): string {
  const names = Object.keys(input.ExpressionAttributeValues).toSorted().join()
  const found = Object.entries(WRITES).find(
    ([, { condition, update, values }]) =>
      condition === input.ConditionExpression &&
      update === input.UpdateExpression &&
      Object.keys(values).toSorted().join() === names,
  )
  return found?.[0] ?? `NO WRITE OF THE PROTOCOL (${input.ConditionExpression}; ${input.UpdateExpression})`
}
