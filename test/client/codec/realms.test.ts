import { statSync } from 'node:fs'
import { parse } from 'node:querystring'
import { deserialize, serialize } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { decodeValue, encodeValue } from '../../../client/codec/index.js'
import { checkInit } from '../../../client/options/check.js'
import { FOREIGN } from './realms.js'
import { isSameValue, refusal, roundTrip } from './support.js'

const EVERYTHING = {
  list: [1, [null, 'x']],
  map: new Map<unknown, unknown>([['a', { b: [new Date(5)] }]]),
  set: new Set([1, 'x']),
  bytes: new Uint8Array([1, 2, 3]),
  when: new Date(1_234),
}

function throughAPort(value: unknown): unknown {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const received: unknown = receiveMessageOnPort(port2)?.message
  port1.close()
  return received
}

// Jest runs this file in a context of its own: what Node.js makes is of another realm here, as in users' tests.
describe('a value that Node.js itself has made', () => {
  test.each<[string, () => unknown, unknown]>([
    ['structuredClone', () => structuredClone(EVERYTHING), EVERYTHING],
    ['a message port', () => throughAPort(EVERYTHING), EVERYTHING],
    ['v8.deserialize', () => deserialize(serialize({ a: [new Date(5)] })), { a: [new Date(5)] }],
    ['the array of a query string', () => parse('a=1&a=2').a, ['1', '2']],
    ['a date of fs', () => statSync('.').mtime, new Date(statSync('.').mtime.getTime())],
  ])('%s is stored, and comes back as one of this realm', (_, make, expected) => {
    const value = make()
    expect(Object.getPrototypeOf(value)).not.toBe(Object.getPrototypeOf(expected))
    const back = roundTrip(value)
    expect(isSameValue(back, expected)).toBe(true)
    expect(back).toStrictEqual(expected)
  })

  test('the body of a response is stored', async () => {
    const body: unknown = await new Response('{"items":[{"n":1}]}').json()
    expect(roundTrip(body)).toStrictEqual({ items: [{ n: 1 }] })
  })

  test('an error of it is refused', () => {
    expect(refusal(structuredClone(new Error('x')))).toBe('cart: an instance of Error cannot be stored')
  })
})

test('nothing of another realm runs while its values are stored: not even what its prototypes have become', () => {
  const ran = runInNewContext(`
    const ran = []
    const spy = (name) => ({ get() { ran.push(name); return () => [][Symbol.iterator]() }, configurable: true })
    const values = [new Map([['a', 1]]), new Set([1]), new Date(5), new Uint8Array([1]), [1], { a: 1 }]
    for (const { prototype } of [Map, Set, Date, Uint8Array, Array])
      for (const name of Reflect.ownKeys(prototype)) {
        const { configurable } = Object.getOwnPropertyDescriptor(prototype, name)
        if (configurable && name !== 'constructor') Object.defineProperty(prototype, name, spy(name))
      }
    ;({ ran, values })
  `) as { readonly ran: readonly string[]; readonly values: readonly unknown[] }
  const stored = Array.from({ length: 6 }, (_, index) => encodeValue(ran.values[index], 'v'))
  expect(ran.ran.length).toBe(0)
  expect(stored.map(decodeValue)).toStrictEqual([
    new Map([['a', 1]]),
    new Set([1]),
    new Date(5),
    new Uint8Array([1]),
    [1],
    { a: 1 },
  ])
})

test('a realm whose Object.prototype has lost its constructor is not guessed at', () => {
  const value = runInNewContext('delete Object.prototype.constructor; ({ a: 1 })')
  expect(refusal(value)).toBe('cart: an object with an unusual prototype cannot be stored')
})

test('a new session is made of a plain object of any realm, and of nothing else', () => {
  for (const realm of FOREIGN) {
    expect(() => checkInit(realm.object())).not.toThrow()
    expect(() => checkInit(realm.array())).toThrow('received an array')
    expect(() => checkInit(realm.map())).toThrow('received another kind of object')
  }
  expect(() => checkInit(structuredClone({ a: 1 }))).not.toThrow()
})

describe('under fake timers', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000 }))
  afterEach(() => void jest.useRealTimers())

  test('the dates of the program are stored, and come back as real ones', () => {
    const back = roundTrip([new Date(), new Date(5)])
    jest.useRealTimers()
    expect(back).toStrictEqual([new Date(1_000), new Date(5)])
  })

  test('a date with a property of its own, and a subclass, are refused all the same', () => {
    expect(refusal(Object.assign(new Date(), { zone: 'UTC' }))).toBe(
      'cart: a Date with the property "zone" cannot be stored',
    )
    expect(refusal(new (class Day extends Date {})())).toBe('cart: an instance of Day cannot be stored')
  })
})
