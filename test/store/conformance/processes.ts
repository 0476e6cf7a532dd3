import { num } from '../../../protocol/dynamodb.js'
import { raiseIncarnation } from '../../../protocol/incarnation.js'
import { connectionKey, INCARNATION_KEY, processKey } from '../../../protocol/keys.js'
import { ASKS_MAX, CONNECTION_TTL_MS, PROCESS_TTL_MS } from '../../../protocol/limits.js'
import * as writes from '../../../protocol/process/writes.js'
import { compileTiming } from '../../../protocol/timing.js'
import { expectApplied, expectRefused, Trials } from '../expectations.js'
import { ANNA, BERT, introduction, NOW, OTHER_SESSION, processItem, SESSION } from '../fixtures.js'
import type { StoreUnderTest } from '../under-test.js'

const KEY = processKey(ANNA)
const LEASE_MS = 15_000
const timing = compileTiming({ leaseMs: LEASE_MS })
const ROLE = 'arn:aws:sts::123456789012:assumed-role/Shop'

/** Every write to process and connection records. */
export function describeProcessWrites(subject: () => StoreUnderTest): void {
  const on = new Trials(subject, 'locks', KEY, processItem)

  test('raiseIncarnation sets a higher one, and no other', async () => {
    await subject().put('locks', INCARNATION_KEY, { incarnation: num(4), schema: num(1) })
    const after = await expectApplied(subject(), raiseIncarnation(5))
    expect(after).toEqual({ incarnation: num(5), schema: num(1) })
    for (const low of [4, 5]) await expectRefused(subject(), raiseIncarnation(low))
  })

  test('register makes a process known, with its first lease, its terms and no asks', async () => {
    const after = await on.applied(undefined, writes.register(introduction(), { timing, nowMs: NOW }))
    expect(after).toEqual({
      ...processItem({ leaseUntil: NOW + LEASE_MS, terms: timing }),
      expiresAt: { N: String((NOW + LEASE_MS + PROCESS_TTL_MS) / 1000) },
    })
  })

  test('register takes an empty label', async () => {
    const after = await on.applied(undefined, writes.register(introduction({ label: '' }), { timing, nowMs: NOW }))
    expect(after.label).toEqual({ S: '' })
  })

  test('register is refused to a process that is known, also an evicted one or one whose lease is over', async () => {
    await on.refused(writes.register(introduction(), { timing, nowMs: NOW }), {
      known: {},
      leaseOver: { leaseUntil: NOW - 1 },
      retired: { leaseUntil: 0, evictedAt: NOW },
    })
  })

  test('raiseTerm makes a term longer, never shorter, and makes no process', async () => {
    const longer = await on.applied({ terms: { maxBusyMs: 30_000 } }, writes.raiseTerm(ANNA, 'maxBusyMs', 40_000))
    expect(longer).toEqual(processItem({ terms: { maxBusyMs: 40_000 } }))
    expect(await on.applied({}, writes.raiseTerm(ANNA, 'storeMarginMs', 750))).toEqual(
      processItem({ terms: { storeMarginMs: 750 } }),
    )
    await on.refused(writes.raiseTerm(ANNA, 'maxBusyMs', 30_000), {
      unknown: undefined,
      asLong: { terms: { maxBusyMs: 30_000 } },
      longer: { terms: { maxBusyMs: 30_001 } },
    })
  })

  test('reconnect moves a process to its newer connection and leaves its lease as it is', async () => {
    const who = introduction({ gen: 2, connectionId: 'connection-2', endpoint: 'https://example.com/two' })
    const after = await on.applied({ leaseUntil: NOW }, writes.reconnect(who, NOW))
    expect(after).toEqual({
      ...processItem({ leaseUntil: NOW, gen: 2, connectionId: 'connection-2', older: ['connection-1', '', '', ''] }),
      endpoint: { S: 'https://example.com/two' },
    })
  })

  test('reconnect moves every older connection one place back, and the last of them out', async () => {
    const older = ['c4', 'c3', 'c2', 'c1']
    const before = { gen: 5, connectionId: 'c5', older }
    const after = await on.applied(before, writes.reconnect(introduction({ gen: 6, connectionId: 'c6' }), NOW))
    expect(after).toEqual(processItem({ gen: 6, connectionId: 'c6', older: ['c5', 'c4', 'c3', 'c2'] }))
  })

  test('reconnect over the same connection takes a newer gen', async () => {
    const who = introduction({ gen: 2, connectionId: 'connection-2' })
    await on.applied({}, writes.reconnect(who, NOW))
    await expectRefused(subject(), writes.reconnect(who, NOW))
    await expectApplied(subject(), writes.reconnect({ ...who, gen: 3 }, NOW))
  })

  test('reconnect is refused without proof, from an older connection, after eviction and after the lease', async () => {
    await on.refused(writes.reconnect(introduction({ gen: 2, connectionId: 'connection-2' }), NOW), {
      unknown: undefined,
      otherSecret: { secretHash: 'hash-of-another' },
      otherPrincipal: { principal: 'arn:aws:iam::1:role/other' },
      newerConnection: { gen: 3 },
      otherConnectionOfSameGen: { gen: 2 },
      evicted: { evictedAt: NOW },
      leaseOver: { leaseUntil: NOW - 1 },
    })
  })

  test('bindConnection says whose a connection is, and says it again to the same process only', async () => {
    await expectApplied(subject(), writes.introduceConnection('c', { principal: ROLE, nowMs: NOW - 60_000 }))
    const after = await expectApplied(subject(), writes.bindConnection('c', { processId: ANNA, nowMs: NOW }))
    expect(after).toEqual({
      principal: { S: ROLE },
      processId: { S: ANNA },
      expiresAt: { N: String((NOW + CONNECTION_TTL_MS) / 1000) },
    })
    await expectApplied(subject(), writes.bindConnection('c', { processId: ANNA, nowMs: NOW + 1 }))
    await expectRefused(subject(), writes.bindConnection('c', { processId: BERT, nowMs: NOW }))
    expect((await subject().store.get('locks', connectionKey('c')))?.processId).toEqual({ S: ANNA })
  })

  test('bindConnection makes no record of a connection that nobody has introduced', async () => {
    await expectRefused(subject(), writes.bindConnection('c', { processId: ANNA, nowMs: NOW }))
    expect(await subject().store.get('locks', connectionKey('c'))).toBeUndefined()
  })

  test('introduceConnection says who opened a connection, and says it again of the same principal only', async () => {
    const after = await expectApplied(subject(), writes.introduceConnection('c', { principal: ROLE, nowMs: NOW }))
    expect(after).toEqual({ principal: { S: ROLE }, expiresAt: { N: String((NOW + CONNECTION_TTL_MS) / 1000) } })
    await expectApplied(subject(), writes.bindConnection('c', { processId: ANNA, nowMs: NOW }))
    await expectApplied(subject(), writes.introduceConnection('c', { principal: ROLE, nowMs: NOW }))
    await expectRefused(subject(), writes.introduceConnection('c', { principal: `${ROLE}2`, nowMs: NOW }))
    expect(await subject().store.get('locks', connectionKey('c'))).toMatchObject({
      principal: { S: ROLE },
      processId: { S: ANNA },
    })
  })

  test('renew extends a lease up to its last millisecond, and moves the TTL along', async () => {
    const after = await on.applied(
      { leaseUntil: NOW, renewedAt: 1 },
      writes.renew(ANNA, { leaseMs: LEASE_MS, nowMs: NOW }),
    )
    expect(after).toEqual({
      ...processItem({ leaseUntil: NOW + LEASE_MS, renewedAt: NOW }),
      expiresAt: { N: String((NOW + LEASE_MS + PROCESS_TTL_MS) / 1000) },
    })
  })

  test('renew is applied again at the same moment, so that its answer may be lost', async () => {
    await on.applied({}, writes.renew(ANNA, { leaseMs: LEASE_MS, nowMs: NOW }))
    await expectApplied(subject(), writes.renew(ANNA, { leaseMs: LEASE_MS, nowMs: NOW }))
  })

  test('renew neither makes a record, nor revives a lease, nor shortens one, nor passes an eviction', async () => {
    await on.refused(writes.renew(ANNA, { leaseMs: LEASE_MS, nowMs: NOW }), {
      unknown: undefined,
      leaseOver: { leaseUntil: NOW - 1 },
      longerLease: { leaseUntil: NOW + LEASE_MS + 1 },
      evicted: { evictedAt: 1 },
      retired: { evictedAt: 1, leaseUntil: 0 },
    })
  })

  test('noteAsk leaves an ask, and replaces that of another epoch, even of a newer one', async () => {
    const first = await on.applied({}, writes.noteAsk(ANNA, { session: SESSION, epoch: 7, nowMs: NOW }))
    expect(first).toEqual(processItem({ asks: { [SESSION]: { epoch: 7, at: NOW } } }))
    const second = await expectApplied(subject(), writes.noteAsk(ANNA, { session: SESSION, epoch: 8, nowMs: NOW + 1 }))
    expect(second).toEqual(processItem({ asks: { [SESSION]: { epoch: 8, at: NOW + 1 } } }))
    const third = await expectApplied(subject(), writes.noteAsk(ANNA, { session: SESSION, epoch: 7, nowMs: NOW + 2 }))
    expect(third).toEqual(processItem({ asks: { [SESSION]: { epoch: 7, at: NOW + 2 } } }))
  })

  test('noteAsk fills the record up to its bound, beyond which it replaces only', async () => {
    const ask = { epoch: 7, at: NOW }
    const others = Array.from({ length: ASKS_MAX - 1 }, (_, index) => [`${OTHER_SESSION}${index}`, ask] as const)
    const almostFull = Object.fromEntries(others)
    const full = { ...almostFull, [SESSION]: ask }
    expect(
      await on.applied({ asks: almostFull }, writes.noteAsk(ANNA, { session: SESSION, epoch: 7, nowMs: NOW })),
    ).toEqual(processItem({ asks: full }))
    await expectRefused(subject(), writes.noteAsk(ANNA, { session: OTHER_SESSION, epoch: 7, nowMs: NOW }))
    const replaced = await expectApplied(subject(), writes.noteAsk(ANNA, { session: SESSION, epoch: 8, nowMs: NOW }))
    expect(replaced).toEqual(processItem({ asks: { ...full, [SESSION]: { epoch: 8, at: NOW } } }))
  })

  test('noteAsk is refused where the same epoch is noted, and makes no record', async () => {
    await on.refused(writes.noteAsk(ANNA, { session: SESSION, epoch: 7, nowMs: NOW }), {
      unknown: undefined,
      noted: { asks: { [SESSION]: { epoch: 7, at: 1 } } },
    })
  })

  test('noteMore counts from one, whatever is noted, and makes no record', async () => {
    expect(await on.applied({}, writes.noteMore(ANNA))).toEqual(processItem({ moreAsks: 1 }))
    expect(await expectApplied(subject(), writes.noteMore(ANNA))).toEqual(processItem({ moreAsks: 2 }))
    await on.refused(writes.noteMore(ANNA), { unknown: undefined })
  })

  test('forgetAsk removes the ask of its epoch or an older one, and no other session’s', async () => {
    const kept = { [OTHER_SESSION]: { epoch: 1, at: 1 } }
    for (const epoch of [6, 7]) {
      const after = await on.applied(
        { asks: { ...kept, [SESSION]: { epoch, at: 1 } } },
        writes.forgetAsk(ANNA, { session: SESSION, epoch: 7 }),
      )
      expect(after).toEqual(processItem({ asks: kept }))
    }
  })

  test('forgetAsk is refused for a newer ask and where there is none', async () => {
    await on.refused(writes.forgetAsk(ANNA, { session: SESSION, epoch: 7 }), {
      unknown: undefined,
      none: {},
      newer: { asks: { [SESSION]: { epoch: 8, at: 1 } } },
    })
  })

  test('evict marks a process once', async () => {
    expect(await on.applied({}, writes.evict(ANNA, NOW))).toEqual(processItem({ evictedAt: NOW }))
    await on.refused(writes.evict(ANNA, NOW), { unknown: undefined, evicted: { evictedAt: 1 } })
  })

  test('retire ends the lease at once, also of an evicted process, and makes no record', async () => {
    const over = processItem({ evictedAt: NOW, leaseUntil: 0 })
    expect(await on.applied({}, writes.retire(ANNA, NOW))).toEqual(over)
    expect(await on.applied({ evictedAt: 1 }, writes.retire(ANNA, NOW))).toEqual(over)
    await on.refused(writes.retire(ANNA, NOW), { unknown: undefined })
  })
}
