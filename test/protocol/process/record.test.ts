import { num, str } from '../../../protocol/dynamodb.js'
import { readConnection, readProcess } from '../../../protocol/process/record.js'
import { TERMS } from '../../../protocol/process/terms.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { ANNA, NOW, processItem, SESSION } from '../../store/fixtures.js'
import { expectFields, expectOptional, expectSchema, wrongKinds } from '../damaged-fields.js'

describe('a process record', () => {
  const item = processItem({
    asks: { [SESSION]: { epoch: 7, at: 8 } },
    moreAsks: 2,
    evictedAt: 9,
    terms: { maxBusyMs: 30_000, answerTimeoutMs: 27_501 },
  })

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
      moreAsks: 2,
      terms: { maxBusyMs: 30_000, answerTimeoutMs: 27_501, storeMarginMs: undefined },
      evictedAt: 9,
    })
  })

  test('with a field missing or of another kind is refused', () => {
    const texts = ['connectionId', 'endpoint', 'secretHash', 'principal', 'label']
    expectFields(readProcess, item, Object.fromEntries(texts.map((field) => [field, 'S'])))
    expectFields(readProcess, item, { gen: 'N', leaseUntil: 'N', renewedAt: 'N', asks: 'M' })
    expectOptional(readProcess, item, 'evictedAt')
    for (const field of ['moreAsks', ...TERMS]) expectOptional(readProcess, item, field)
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

  test('of another schema is refused, whatever it holds', () => {
    expectSchema(readProcess, processItem())
  })

  test('that is not there reads as nothing', () => {
    expect(readProcess(undefined)).toBeUndefined()
  })
})

describe('a connection record', () => {
  test('says who opened it and whose it is, or is refused', () => {
    const item = { principal: str('arn:aws:iam::1:user/shop'), processId: str(ANNA) }
    expect(readConnection(item)).toEqual({ principal: 'arn:aws:iam::1:user/shop', processId: ANNA })
    for (const field of ['principal', 'processId']) {
      for (const value of wrongKinds('S')) {
        expect(() => readConnection({ ...item, [field]: value })).toThrow(CorruptRecordError)
      }
    }
  })

  test('may not say either yet', () => {
    expect(readConnection({ processId: str(ANNA) })).toEqual({ principal: undefined, processId: ANNA })
    expect(readConnection({ principal: str('p') })).toEqual({ principal: 'p', processId: undefined })
    expect(readConnection(undefined)).toEqual({ principal: undefined, processId: undefined })
  })
})
