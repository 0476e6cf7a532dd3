import type { AttributeValue, Item } from '../../../protocol/dynamodb.js'
import { num, str } from '../../../protocol/dynamodb.js'
import { readLock } from '../../../protocol/lock/record.js'
import { readConnection, readProcess } from '../../../protocol/process/record.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { isAlive, readSession } from '../../../protocol/state/record.js'
import { ANNA, BERT, lockItem, NOW, processItem, SESSION, seat, sessionItem } from '../../store/fixtures.js'

const SECRET_VALUE = 'do-not-show-this'
/** Values of every kind but one: what a field of that kind must never be taken from. */
const wrongKinds = (kind: 'S' | 'N' | 'M' | 'L'): AttributeValue[] =>
  [
    { S: SECRET_VALUE },
    { N: '1' },
    { N: SECRET_VALUE },
    { M: {} },
    { L: [] },
    { BOOL: true },
    { NULL: true } as const,
    { B: Uint8Array.from([1]) },
  ].filter(
    (value) => !(kind in value) || (kind === 'N' && 'N' in value && value.N === SECRET_VALUE),
  ) as AttributeValue[]

/** Expects each of these fields to be refused, by its name and without its value, when it is missing or of another kind. */
function expectFields(
  read: (item: Item) => unknown,
  item: Item,
  kinds: { readonly [field: string]: 'S' | 'N' | 'M' | 'L' },
) {
  for (const [field, kind] of Object.entries(kinds)) {
    const { [field]: _, ...without } = item
    for (const broken of [without, ...wrongKinds(kind).map((value) => ({ ...item, [field]: value }))]) {
      expect(() => read(broken)).toThrow(CorruptRecordError)
      expect(() => read(broken)).toThrow(`'${field}' should be a`)
      expect(() => read(broken)).not.toThrow(SECRET_VALUE)
    }
  }
}

/** A field that may be missing, but not of another kind. */
function expectOptional(read: (item: Item) => unknown, item: Item, field: string) {
  for (const value of wrongKinds('N')) expect(() => read({ ...item, [field]: value })).toThrow(CorruptRecordError)
}

test('what is not there reads as nothing', () => {
  expect([readLock, readProcess, readSession, readConnection].map((read) => read(undefined))).toEqual(
    Array(4).fill(undefined),
  )
})

describe('a lock record', () => {
  const item = lockItem({ epoch: 9, holder: seat(ANNA, 2), waiters: [seat(BERT, 3)], askedAt: 4, busyUntil: 5 })

  test('reads as it was written', () => {
    expect(readLock(item)).toEqual({
      epoch: 9,
      holder: seat(ANNA, 2),
      waiters: [seat(BERT, 3)],
      askedAt: 4,
      busyUntil: 5,
    })
  })

  test('that nobody holds has no holder', () => {
    expect(readLock(lockItem({ epoch: 9 }))).toEqual({
      epoch: 9,
      holder: undefined,
      waiters: [],
      askedAt: undefined,
      busyUntil: undefined,
    })
  })

  test('with a field missing or of another kind is refused', () => {
    expectFields(readLock, item, { epoch: 'N', holder: 'M', waiters: 'L' })
    expectOptional(readLock, item, 'askedAt')
    expectOptional(readLock, item, 'busyUntil')
  })

  test('with a seat that is none is refused', () => {
    for (const wrong of [
      str('anna'),
      { M: { p: str('anna') } },
      { M: { r: num(1) } },
      { M: { p: num(1), r: num(1) } },
    ]) {
      expect(() => readLock({ ...item, holder: wrong })).toThrow(CorruptRecordError)
      expect(() => readLock({ ...item, waiters: { L: [wrong] } })).toThrow(CorruptRecordError)
    }
  })
})

describe('a process record', () => {
  const item = processItem({ asks: { [SESSION]: { epoch: 7, at: 8 } }, evictedAt: 9 })

  test('reads as it was written', () => {
    expect(readProcess(item)).toEqual({
      connectionId: 'connection-1',
      olderConnections: ['', '', '', ''],
      endpoint: 'https://example.com/live',
      gen: 1,
      leaseUntil: NOW + 15_000,
      renewedAt: NOW,
      secretHash: 'hash-of-secret',
      principal: 'arn:aws:iam::1:role/shop',
      label: 'server 1',
      asks: new Map([[SESSION, { epoch: 7, at: 8 }]]),
      evictedAt: 9,
    })
  })

  test('with a field missing or of another kind is refused', () => {
    const texts = ['connectionId', 'endpoint', 'secretHash', 'principal', 'label']
    expectFields(readProcess, item, Object.fromEntries(texts.map((field) => [field, 'S'])))
    expectFields(readProcess, item, { gen: 'N', leaseUntil: 'N', renewedAt: 'N', asks: 'M' })
    expectOptional(readProcess, item, 'evictedAt')
    expect(() => readProcess({ ...item, older3: num(1) })).toThrow(CorruptRecordError)
  })

  test('names its older connections, the newest first', () => {
    const older = processItem({ older: ['connection-4', 'connection-3'] })
    expect(readProcess(older)?.olderConnections).toEqual(['connection-4', 'connection-3', '', ''])
  })

  test('with an ask that is none is refused', () => {
    for (const wrong of [num(1), { M: {} }, { M: { epoch: num(1) } }, { M: { at: num(1), epoch: str('1') } }]) {
      expect(() => readProcess({ ...item, asks: { M: { [SESSION]: wrong } } })).toThrow(CorruptRecordError)
    }
  })

  test('keeps an ask for a session of any name apart from what every object has', () => {
    const asks = readProcess(processItem())?.asks
    expect(asks?.get('constructor')).toBeUndefined()
    expect(asks?.size).toBe(0)
  })
})

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
})

describe('a connection record', () => {
  test('says whose it is, or is refused', () => {
    expect(readConnection({ processId: str(ANNA) })).toBe(ANNA)
    expectFields(readConnection, { processId: str(ANNA) }, { processId: 'S' })
  })
})

test('a record of another schema is refused, whatever it holds', () => {
  for (const schema of [num(2), num(0), str('1'), { NULL: true } as const]) {
    expect(() => readLock({ ...lockItem({}), schema })).toThrow(CorruptRecordError)
    expect(() => readProcess({ ...processItem(), schema })).toThrow(CorruptRecordError)
    expect(() => readSession({ ...sessionItem(), schema })).toThrow(CorruptRecordError)
  }
})
