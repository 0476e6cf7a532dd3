import { num, str } from '../../../protocol/dynamodb.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { absenceOf, isAlive, readSession } from '../../../protocol/state/record.js'
import { NOW, sessionItem } from '../../store/fixtures.js'
import { expectFields, expectOptional, expectSchema, wrongKinds } from '../damaged-fields.js'

describe('a session record', () => {
  const item = sessionItem({ attrs: { cart: str('x') } })

  test('reads as it was written, its attributes untouched', () => {
    expect(readSession(item)).toEqual({
      fence: 7,
      commitId: 'last',
      rev: 3,
      attrs: { cart: str('x') },
      createdAt: NOW - 1_000,
      accessedAt: NOW - 500,
      aliveUntil: NOW + 60_000,
      ttlMs: undefined,
      destroyedAt: undefined,
      isUnborn: false,
      isRotated: false,
    })
  })

  test('that does not say when it was last accessed was last accessed when it was created', () => {
    const { accessedAt: _, ...without } = item
    expect(readSession(without)).toMatchObject({ createdAt: NOW - 1_000, accessedAt: NOW - 1_000 })
  })

  test('that was rotated says so, and one that says anything else of it is refused', () => {
    expect(readSession(sessionItem({ destroyedAt: 5, rotated: true }))).toMatchObject({ isRotated: true })
    for (const rotated of [{ BOOL: false }, num(1), str('true'), { NULL: true } as const]) {
      expect(() => readSession({ ...item, rotated })).toThrow("'rotated' should be true")
    }
  })

  test('that is unborn says so, and one that says anything else of it is refused', () => {
    expect(readSession(sessionItem({ unborn: true }))).toMatchObject({ isUnborn: true })
    for (const unborn of [{ BOOL: false }, num(1), { NULL: true } as const]) {
      expect(() => readSession({ ...item, unborn })).toThrow("'unborn' should be true")
    }
  })

  test('may have a lifetime of its own', () => {
    expect(readSession(sessionItem({ ttlMs: 9_000 }))).toMatchObject({ ttlMs: 9_000 })
  })

  test('that was destroyed has no attributes', () => {
    expect(readSession(sessionItem({ destroyedAt: 5 }))).toMatchObject({ attrs: undefined, destroyedAt: 5 })
  })

  test('with a field missing or of another kind is refused', () => {
    expectFields(readSession, item, { fence: 'N', commitId: 'S', rev: 'N', createdAt: 'N', aliveUntil: 'N' })
    expectOptional(readSession, item, 'destroyedAt')
    expectOptional(readSession, item, 'accessedAt')
    expectOptional(readSession, item, 'ttlMs')
    for (const wrong of wrongKinds('M'))
      expect(() => readSession({ ...item, attrs: wrong })).toThrow(CorruptRecordError)
  })

  test('is alive up to its last millisecond, and not when it is destroyed or unborn', () => {
    const alive = (fields: Parameters<typeof sessionItem>[0]) => isAlive(readSession(sessionItem(fields)), NOW)
    expect(alive({ aliveUntil: NOW + 1 })).toBe(true)
    expect(alive({ aliveUntil: NOW })).toBe(false)
    expect(alive({ aliveUntil: NOW + 1, destroyedAt: NOW - 1 })).toBe(false)
    expect(alive({ aliveUntil: NOW + 1, unborn: true })).toBe(false)
    expect(isAlive(undefined, NOW)).toBe(false)
  })

  test('of an absent session says why there is none, and since when', () => {
    const absence = (fields: Parameters<typeof sessionItem>[0]) => absenceOf(readSession(sessionItem(fields)), NOW)
    const unknown = { reason: 'unknown', endedAt: undefined }
    expect(absenceOf(undefined, NOW)).toEqual(unknown)
    expect(absence({ aliveUntil: 0, unborn: true })).toEqual(unknown)
    expect(absence({ aliveUntil: NOW })).toEqual({ reason: 'expired', endedAt: NOW })
    expect(absence({ aliveUntil: NOW + 5, unborn: true })).toEqual({ reason: 'expired', endedAt: NOW + 5 })
    expect(absence({ destroyedAt: 5 })).toEqual({ reason: 'destroyed', endedAt: 5 })
    expect(absence({ destroyedAt: 5, unborn: true })).toEqual({ reason: 'destroyed', endedAt: 5 })
    expect(absence({ destroyedAt: 5, rotated: true })).toEqual({ reason: 'rotated', endedAt: 5 })
    expect(absence({})).toBeUndefined()
  })

  test('of another schema is refused, whatever it holds', () => {
    expectSchema(readSession, sessionItem())
  })

  test('that is not there reads as nothing', () => {
    expect(readSession(undefined)).toBeUndefined()
  })
})
