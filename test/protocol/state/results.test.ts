import type { Item, UpdateOutcome } from '../../../protocol/dynamodb.js'
import { hasLanded, haveLanded, readClaim } from '../../../protocol/state/results.js'
import type { WriteId } from '../../../protocol/state/writes.js'
import { NOW, type SessionFields, sessionItem } from '../../store/fixtures.js'

const ID: WriteId = { epoch: 8, commitId: 'mine' }
const failed = (fields: SessionFields | undefined): UpdateOutcome => ({
  applied: false,
  item: fields === undefined ? undefined : sessionItem(fields),
})
const applied = (item: Item | undefined): UpdateOutcome => ({ applied: true, item })

describe('a claim', () => {
  const read = (outcome: UpdateOutcome) => readClaim(outcome, ID, NOW)

  test('that was applied hands over the record', () => {
    const outcome = applied(sessionItem({ fence: 8, commitId: 'mine' }))
    expect(read(outcome)).toMatchObject({ kind: 'claimed', record: { fence: 8, rev: 3 } })
  })

  test('▸ that failed and finds its own commitId had landed before', () => {
    expect(read(failed({ fence: 8, commitId: 'mine' }))).toMatchObject({ kind: 'claimed', record: { fence: 8 } })
  })

  test('does not take another write for its own: both the fence and the commitId must be its own', () => {
    expect(read(failed({ fence: 8, commitId: 'other' }))).toEqual({ kind: 'fenced', fence: 8 })
    expect(read(failed({ fence: 9, commitId: 'mine' }))).toEqual({ kind: 'fenced', fence: 9 })
  })

  test('of a session that there is not, was destroyed or has expired finds it absent, and says why', () => {
    const absent = (reason: string, endedAt?: number) => ({ kind: 'absent', absence: { reason, endedAt } })
    expect(read(failed(undefined))).toEqual(absent('unknown'))
    expect(read(failed({ destroyedAt: NOW - 1 }))).toEqual(absent('destroyed', NOW - 1))
    expect(read(failed({ aliveUntil: NOW }))).toEqual(absent('expired', NOW))
    expect(read(failed({ aliveUntil: NOW + 1, unborn: true }))).toEqual(absent('expired', NOW + 1))
  })

  test('of a session that was rotated is told so, whatever its fence', () => {
    for (const fence of [7, 8, 12]) {
      expect(read(failed({ fence, destroyedAt: NOW - 1, rotated: true }))).toEqual({
        kind: 'rotated',
        absence: { reason: 'rotated', endedAt: NOW - 1 },
      })
    }
  })

  test('afresh that finds a live session under an older fence is told so', () => {
    expect(read(failed({ fence: 7 }))).toEqual({ kind: 'present' })
  })

  test('▸ under an epoch that is not above the fence learns the fence, to ask above it, also of a dead session', () => {
    expect(read(failed({ fence: 8 }))).toEqual({ kind: 'fenced', fence: 8 })
    expect(read(failed({ fence: 12 }))).toEqual({ kind: 'fenced', fence: 12 })
    expect(read(failed({ fence: 12, destroyedAt: 1 }))).toEqual({ kind: 'fenced', fence: 12 })
    expect(read(failed({ fence: 12, aliveUntil: 1 }))).toEqual({ kind: 'fenced', fence: 12 })
    expect(read(failed({ fence: 12, unborn: true }))).toEqual({ kind: 'fenced', fence: 12 })
  })
})

describe('a commit', () => {
  test('that was applied has landed', () => {
    expect(hasLanded(applied(undefined), ID)).toBe(true)
  })

  test('▸ that failed and finds its own commitId under its own fence had landed before', () => {
    expect(hasLanded(failed({ fence: 8, commitId: 'mine' }), ID)).toBe(true)
    expect(hasLanded(failed({ fence: 8, commitId: 'mine', destroyedAt: NOW }), ID)).toBe(true)
  })

  test('that finds anything else is lost', () => {
    expect(hasLanded(failed(undefined), ID)).toBe(false)
    expect(hasLanded(failed({ fence: 8, commitId: 'other' }), ID)).toBe(false)
    expect(hasLanded(failed({ fence: 9, commitId: 'mine' }), ID)).toBe(false)
  })
})

describe('writes that land together', () => {
  const IDS = [ID, { epoch: 5, commitId: 'mine' }]
  const refused = (...items: readonly (SessionFields | undefined)[]) => ({
    applied: false as const,
    items: items.map((fields) => (fields === undefined ? undefined : sessionItem(fields))),
  })

  test('have landed when they were applied', () => {
    expect(haveLanded({ applied: true }, IDS)).toBe(true)
  })

  test('▸ had landed before when any item shows its write under its own fence', () => {
    expect(haveLanded(refused({ fence: 8, commitId: 'mine' }, { fence: 5, commitId: 'mine' }), IDS)).toBe(true)
    expect(haveLanded(refused({ fence: 9, commitId: 'other' }, { fence: 5, commitId: 'mine' }), IDS)).toBe(true)
    expect(haveLanded(refused({ fence: 8, commitId: 'mine' }, undefined), IDS)).toBe(true)
  })

  test('have not landed when every item that refused shows something else', () => {
    expect(haveLanded(refused(undefined, undefined), IDS)).toBe(false)
    expect(haveLanded(refused({ fence: 8, commitId: 'other' }, undefined), IDS)).toBe(false)
    expect(haveLanded(refused({ fence: 5, commitId: 'mine' }, { fence: 8, commitId: 'mine' }), IDS)).toBe(false)
  })
})
