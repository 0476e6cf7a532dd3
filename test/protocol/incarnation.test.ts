import { num, str } from '../../protocol/dynamodb.js'
import { FIRST_INCARNATION, incarnationAfter, raiseIncarnation, readIncarnation } from '../../protocol/incarnation.js'
import { INCARNATION_KEY } from '../../protocol/keys.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { expectFields, expectSchema } from './damaged-fields.js'

const NOW = 1_800_000_000_000

describe('the incarnation of the Locks table', () => {
  test('is the first one where there is no record', () => {
    expect(readIncarnation(undefined)).toBe(FIRST_INCARNATION)
  })

  test('is the number on record, or refused', () => {
    const item = { incarnation: num(7), schema: num(1) }
    expect(readIncarnation(item)).toBe(7)
    expectFields(readIncarnation, item, { incarnation: 'N' })
    expectSchema(readIncarnation, item)
  })

  test('is followed by one above it and not below the clock', () => {
    expect(incarnationAfter(FIRST_INCARNATION, NOW)).toBe(NOW)
    expect(incarnationAfter(NOW + 5, NOW)).toBe(NOW + 6)
    expect(incarnationAfter(NOW, NOW)).toBe(NOW + 1)
    expect(incarnationAfter(1, NOW + 0.5)).toBe(NOW + 1)
  })

  test('rises, never falls, and is never removed by TTL', async () => {
    const memory = new MemoryStore()
    const raise = async (to: number) => (await memory.update(raiseIncarnation(to))).applied
    expect(await raise(5)).toBe(true)
    for (const to of [4, 5]) expect(await raise(to)).toBe(false)
    expect(await raise(6)).toBe(true)
    expect(memory.getNow('locks', INCARNATION_KEY)).toEqual({
      pk: str(INCARNATION_KEY),
      incarnation: num(6),
      schema: num(1),
    })
  })
})
