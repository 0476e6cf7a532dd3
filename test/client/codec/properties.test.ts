import * as fc from 'fast-check'
import { decodeValue, encodeValue, equalEncoded } from '../../../client/codec/index.js'
import { InvalidValueError } from '../../../client/errors/index.js'
import type { AttributeValue } from '../../../protocol/dynamodb.js'
import { CorruptRecordError } from '../../../protocol/record-fields.js'
import { timesEffort } from '../../support/effort.js'
import { stored, supported } from './arbitraries.js'
import { ANYWHERE, build, POISONS, recipe } from './poisons.js'
import { abroad, FOREIGN, HOME } from './realms.js'
import { isSameValue } from './support.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`codec properties: SEED=${seed}`)

const VALUES = timesEffort(20_000)
const FEWER = timesEffort(4_000)

const comesBack = (value: unknown, back: unknown): boolean => Object.is(value, back) || isSameValue(value, back)

test(`${VALUES} values come back equal, of equal type, and as copies`, () => {
  let met = 0
  fc.assert(
    fc.property(supported, (value) => {
      met += 1
      const encoded = encodeValue(value, 'v')
      const back = decodeValue(encoded)
      return comesBack(value, back) && equalEncoded(encoded, encodeValue(back, 'v'))
    }),
    { seed, numRuns: VALUES },
  )
  expect(met).toBe(VALUES)
})

test(`${FEWER} values whose parts are of several realms are stored as those of this realm`, () => {
  const realms = [HOME, ...FOREIGN]
  let foreignParts = 0
  fc.assert(
    fc.property(supported, fc.infiniteStream(fc.nat(realms.length - 1)), (value, choices) => {
      const mixed = abroad(value, () => {
        const choice = choices.next().value
        foreignParts += choice === 0 ? 0 : 1
        return realms[choice] as (typeof realms)[number]
      })
      return comesBack(value, decodeValue(encodeValue(mixed, 'v')))
    }),
    { seed, numRuns: FEWER },
  )
  expect(foreignParts).toBeGreaterThan(FEWER)
})

test(`${VALUES} values with a poison in them come back exactly, or are refused with the place of the poison`, () => {
  const prototypesBefore = allPrototypes()
  const namesBefore = Reflect.ownKeys(Object.prototype).join()
  const met = new Map<string, number>()
  fc.assert(
    fc.property(recipe, (each) => {
      const { value, at } = build(each)
      const fate = POISONS[each.poison]?.fate
      met.set(each.poison, (met.get(each.poison) ?? 0) + 1)
      const outcome = encodedOrRefused(value)
      if (Reflect.ownKeys(Object.prototype).join() !== namesBefore) return false
      if (!(outcome instanceof InvalidValueError)) return fate === 'kept' && comesBack(value, decodeValue(outcome))
      if (typeof fate !== 'object') return false
      return fate.refusedAt === ANYWHERE ? outcome.path.startsWith('v') : outcome.path === `v${at}${fate.refusedAt}`
    }),
    { seed, numRuns: VALUES },
  )
  expect([...met.values()].reduce((sum, count) => sum + count, 0)).toBe(VALUES)
  expect([...met.keys()].toSorted()).toEqual(Object.keys(POISONS).toSorted())
  const prototypesAfter = allPrototypes()
  expect(prototypesAfter.length).toBe(prototypesBefore.length)
  expect(prototypesAfter.every((part, index) => Object.is(part, prototypesBefore[index]))).toBe(true)
})

test('whatever a table holds is read as a value that can be written, or reported', () => {
  let read = 0
  fc.assert(
    fc.property(stored, (encoded) => {
      const value = decodedOrReported(encoded)
      if (value instanceof CorruptRecordError) return true
      read += 1
      return comesBack(value, decodeValue(encodeValue(value, 'v')))
    }),
    { seed, numRuns: FEWER },
  )
  // Neither outcome may be so rare that the test says nothing about it.
  expect(read).toBeGreaterThan(0.2 * FEWER)
  expect(read).toBeLessThan(0.8 * FEWER)
})

function encodedOrRefused(value: unknown): AttributeValue | InvalidValueError {
  try {
    return encodeValue(value, 'v')
  } catch (error) {
    if (error instanceof InvalidValueError) return error
    throw error
  }
}

function decodedOrReported(encoded: AttributeValue): unknown {
  try {
    return decodeValue(encoded)
  } catch (error) {
    if (error instanceof CorruptRecordError) return error
    throw error
  }
}

/** Everything that the prototypes of all values consist of, one after the other. */
function allPrototypes(): readonly unknown[] {
  const types = [Object, Array, Map, Set, Date, Uint8Array, Function, String, Number]
  return types.flatMap(({ prototype }) =>
    Reflect.ownKeys(prototype).flatMap((key) => {
      const property = Object.getOwnPropertyDescriptor(prototype, key)
      return [key, property?.value, property?.get, property?.set]
    }),
  )
}
