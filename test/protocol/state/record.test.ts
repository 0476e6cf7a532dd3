import { num, str } from '../../../protocol/dynamodb.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { isAlive, readSession } from '../../../protocol/state/record.js'
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
      destroyedAt: undefined,
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

  test('that was destroyed has no attributes', () => {
    expect(readSession(sessionItem({ destroyedAt: 5 }))).toMatchObject({ attrs: undefined, destroyedAt: 5 })
  })

  test('with a field missing or of another kind is refused', () => {
    expectFields(readSession, item, { fence: 'N', commitId: 'S', rev: 'N', createdAt: 'N', aliveUntil: 'N' })
    expectOptional(readSession, item, 'destroyedAt')
    expectOptional(readSession, item, 'accessedAt')
    for (const wrong of wrongKinds('M'))
      expect(() => readSession({ ...item, attrs: wrong })).toThrow(CorruptRecordError)
  })

  test('is alive up to its last millisecond, and never once destroyed', () => {
    const alive = (fields: Parameters<typeof sessionItem>[0]) => isAlive(readSession(sessionItem(fields)), NOW)
    expect(alive({ aliveUntil: NOW + 1 })).toBe(true)
    expect(alive({ aliveUntil: NOW })).toBe(false)
    expect(alive({ aliveUntil: NOW + 1, destroyedAt: NOW - 1 })).toBe(false)
    expect(isAlive(undefined, NOW)).toBe(false)
  })

  test('of another schema is refused, whatever it holds', () => {
    expectSchema(readSession, sessionItem())
  })

  test('that is not there reads as nothing', () => {
    expect(readSession(undefined)).toBeUndefined()
  })
})
