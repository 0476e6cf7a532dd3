import { displacedConnection, planHello } from '../../../protocol/process/hello.js'
import { type ProcessRecord, readProcess } from '../../../protocol/process/record.js'
import { NOW, type ProcessFields, processItem } from '../../store/fixtures.js'

const process = (fields: ProcessFields = {}): ProcessRecord => readProcess(processItem(fields)) as ProcessRecord

describe('a hello', () => {
  const who = {
    secretHash: 'hash-of-secret',
    principal: 'arn:aws:iam::1:role/shop',
    gen: 2,
    connectionId: 'connection-2',
  }
  const known: ProcessFields = { gen: 1, leaseUntil: NOW }

  test('over a newer connection moves the process', () => {
    expect(planHello(process(known), who, NOW)).toBe('reconnect')
  })

  test('over the connection that is on record is welcome: its answer was lost', () => {
    expect(planHello(process({ ...known, gen: 2, connectionId: 'connection-2' }), who, NOW)).toBe('welcome')
  })

  test('without the secret, or by another principal, is refused before anything else is told', () => {
    const other = { ...who, secretHash: 'another' }
    expect(planHello(process(known), other, NOW)).toBe('WRONG_SECRET')
    expect(planHello(process(known), { ...who, principal: 'another' }, NOW)).toBe('WRONG_SECRET')
    expect(planHello(process({ ...known, evictedAt: 1, gen: 9 }), other, NOW)).toBe('WRONG_SECRET')
  })

  test('of a process that is unknown, evicted or without a lease is refused for good', () => {
    expect(planHello(undefined, who, NOW)).toBe('EVICTED')
    expect(planHello(process({ ...known, evictedAt: 1 }), who, NOW)).toBe('EVICTED')
    expect(planHello(process({ ...known, leaseUntil: NOW - 1 }), who, NOW)).toBe('EVICTED')
  })

  test('displaces the connection that is one too many, unless it remains among them', () => {
    expect(displacedConnection(process(known))).toBeUndefined()
    expect(displacedConnection(process({ connectionId: 'e', older: ['d', 'c', 'b', ''] }))).toBeUndefined()
    expect(displacedConnection(process({ connectionId: 'e', older: ['d', 'c', 'b', 'a'] }))).toBe('a')
    expect(displacedConnection(process({ connectionId: 'e', older: ['d', 'c', 'b', 'e'] }))).toBeUndefined()
    expect(displacedConnection(process({ connectionId: 'e', older: ['d', 'c', 'b', 'b'] }))).toBeUndefined()
  })

  test('▸ over an older connection, or another of the same gen, never replaces the newer', () => {
    expect(planHello(process({ ...known, gen: 3 }), who, NOW)).toBe('STALE_CONNECTION')
    expect(planHello(process({ ...known, gen: 2, connectionId: 'connection-1' }), who, NOW)).toBe('STALE_CONNECTION')
  })
})
