import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Item, Update } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import type { SessionKey } from '../../../protocol/keys.js'
import { readSession, type SessionRecord } from '../../../protocol/state/record.js'
import { haveLanded, readClaim } from '../../../protocol/state/results.js'
import * as writes from '../../../protocol/state/writes.js'
import { MemoryStore } from '../../../store/memory/memory-store.js'
import { NOW, OTHER_SESSION, SESSION, sessionItem } from '../../store/fixtures.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`rotations: SEED=${seed}`)

const TTL_MS = 60_000
const ATTRS = { cart: str('book') }
const LATE = new Map([['late', num(1)]])
const FROM: writes.ChainEnd = { session: SESSION, epoch: 7, lastCommitId: 'last', rev: 3 }
const TO: writes.ChainEnd = { session: OTHER_SESSION, epoch: 4, lastCommitId: 'first', rev: 0 }
const IDS = [TO, FROM].map(({ epoch }) => ({ epoch, commitId: 'rotation' }))

const step = fc.record({
  kind: fc.constantFrom('rotate', 'rotate', 'claim', 'claimAfresh', 'commit', 'commitWhole', 'destroy'),
  session: fc.constantFrom<SessionKey[]>(SESSION, OTHER_SESSION),
  /** How far the writer's epoch is from the one that the rotation knows: a late write, or a newer holder. */
  lead: fc.constantFrom(-1, 0, 0, 0, 1, 5),
  /** Whether the writer knows the last write in the chain, or the one before the rotation. */
  knowsLast: fc.boolean(),
  stepMs: fc.constantFrom(0, 1, 1_000, TTL_MS),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/**
 * Two sessions that one process holds, while copies of its rotation and the writes of others arrive in any order. What
 * must hold after each is asserted here.
 */
class Arrivals {
  private readonly memory = new MemoryStore()
  private readonly rotation: readonly Update[]
  private tombstone: Item | undefined
  private nowMs = NOW
  private writes = 0

  constructor() {
    this.memory.put('sessions', SESSION, sessionItem({ fence: 7, commitId: 'last', attrs: ATTRS }))
    const unborn = { fence: 4, commitId: 'first', rev: 0, createdAt: NOW, aliveUntil: 0, unborn: true } as const
    this.memory.put('sessions', OTHER_SESSION, sessionItem(unborn))
    const life = { createdAt: NOW - 1_000, aliveUntil: NOW + TTL_MS, ttlMs: undefined, nowMs: NOW }
    this.rotation = writes.rotate({ from: FROM, to: TO, commitId: 'rotation', attrs: ATTRS, ...life })
  }

  get hasLanded(): boolean {
    return this.tombstone !== undefined
  }

  take(one: Step): void {
    this.nowMs += one.stepMs
    if (one.kind === 'rotate') this.takeRotation()
    else this.takeOther(one)
    const old = this.memory.getNow('sessions', SESSION)
    if (this.tombstone === undefined) assert.equal(readSession(old)?.isRotated, false)
    else assert.deepEqual(old, this.tombstone, 'nothing changes the old id any more')
  }

  private record(session: SessionKey): SessionRecord | undefined {
    return readSession(this.memory.getNow('sessions', session))
  }

  private takeRotation(): void {
    const [from, to] = [this.record(SESSION), this.record(OTHER_SESSION)]
    const before = this.memory.snapshot()
    const outcome = this.memory.transactNow(this.rotation)
    if (outcome.applied) {
      assert.equal(this.hasLanded, false, 'it lands once')
      assert.deepEqual([from?.fence, from?.commitId, to?.fence, to?.commitId], [7, 'last', 4, 'first'])
      this.tombstone = this.memory.getNow('sessions', SESSION)
      const { attrs, isRotated, commitId } = readSession(this.tombstone) ?? {}
      assert.deepEqual([attrs, isRotated, commitId], [undefined, true, 'rotation'])
      const next = this.record(OTHER_SESSION)
      assert.deepEqual([next?.attrs, next?.createdAt, next?.rev, next?.fence], [ATTRS, NOW - 1_000, 4, 4])
    } else {
      assert.deepEqual(this.memory.snapshot(), before, 'it lands as a whole')
    }
    assert.equal(haveLanded(outcome, IDS), this.hasLanded, 'every copy learns what became of the first')
  }

  private takeOther({ kind, session, lead, knowsLast }: Step): void {
    const { nowMs } = this
    const held = session === SESSION ? FROM : TO
    this.writes += 1
    const commitId = `write ${this.writes}`
    const epoch = held.epoch + lead
    const id = { epoch, commitId }
    const { commitId: lastCommitId, rev } = (knowsLast ? this.record(session) : undefined) ?? {
      commitId: held.lastCommitId,
      rev: held.rev,
    }
    const end = { session, epoch, lastCommitId, rev }
    const write = { commitId, createdAt: NOW, aliveUntil: nowMs + TTL_MS, ttlMs: undefined, nowMs }
    if (kind === 'claim') this.takeClaim(writes.claim(session, id, nowMs), id)
    else if (kind === 'claimAfresh') this.takeClaim(writes.claimAfresh(session, id, { ttlMs: TTL_MS, nowMs }), id)
    else if (kind === 'commit') this.memory.updateNow(writes.commit(end, { ...write, changes: LATE }))
    else if (kind === 'commitWhole') this.memory.updateNow(writes.commitWhole(end, { ...write, attrs: {} }))
    else this.memory.updateNow(writes.destroy(end, write))
  }

  private takeClaim(update: Update, id: writes.WriteId): void {
    const { kind } = readClaim(this.memory.updateNow(update), id, this.nowMs)
    assert.equal(kind === 'rotated', this.hasLanded && update.key === SESSION)
  }
}

test('a rotation lands once or never, as a whole, and its copies always learn which', () => {
  const runs = { landed: 0, refused: 0, copiesAfterwards: 0 }
  const property = fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
    const arrivals = new Arrivals()
    let copies = 0
    for (const one of steps) {
      if (one.kind === 'rotate' && arrivals.hasLanded) copies += 1
      arrivals.take(one)
    }
    if (arrivals.hasLanded) runs.landed += 1
    else if (steps.some(({ kind }) => kind === 'rotate')) runs.refused += 1
    runs.copiesAfterwards += copies
  })
  fc.assert(property, { seed, numRuns: 1_000 })
  // Otherwise the sequences would show nothing.
  expect(runs.landed).toBeGreaterThan(200)
  expect(runs.refused).toBeGreaterThan(200)
  expect(runs.copiesAfterwards).toBeGreaterThan(300)
})
