import * as fc from 'fast-check'
import {
  compileLockRequest,
  covers,
  isEmpty,
  type LockRequest,
  type LockSpec,
  lacking,
  merge,
  permits,
} from '../../../client/attribute-locks/lock-request.js'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { ATTRIBUTE_NAME_BYTES_MAX, LOCK_ATTRIBUTES_MAX } from '../../../client/limits.js'
import { checkAttributeName } from '../../../client/options/attribute-name.js'

const compile = (spec: LockSpec): LockRequest => compileLockRequest(spec)

describe('compiling a lock specification', () => {
  test('names are sorted and listed once', () => {
    const request = compile({ write: ['cart', 'basket', 'cart'], read: ['zeta', 'alpha', 'zeta'] })

    expect(request).toEqual({ whole: undefined, writes: ['basket', 'cart'], reads: ['alpha', 'zeta'] })
  })

  test('an attribute that is read and written is written', () => {
    expect(compile({ write: ['cart'], read: ['user', 'cart'] })).toEqual(compile({ write: ['cart'], read: ['user'] }))
  })

  test('the specification may change afterwards', () => {
    const write = ['cart']
    const request = compile({ write })
    write.push('user')

    expect(request.writes).toEqual(['cart'])
  })

  test("'all' is the whole session, exclusively", () => {
    expect(compile('all')).toEqual({ whole: 'exclusive', writes: [], reads: [] })
    expect(compile({ all: 'write' })).toEqual(compile('all'))
  })

  test('the whole session may be shared, with some attributes written', () => {
    expect(compile({ all: 'read' })).toEqual({ whole: 'shared', writes: [], reads: [] })
    expect(compile({ all: 'read', write: ['cart'] })).toEqual({ whole: 'shared', writes: ['cart'], reads: [] })
  })

  test('keys that are undefined are absent', () => {
    expect(compileLockRequest({ write: ['cart'], read: undefined, all: undefined })).toEqual(
      compile({ write: ['cart'] }),
    )
  })

  test.each([
    ['nothing', undefined, /received undefined/],
    ['null', null, /received null/],
    ['a string that may be a session id', 'c2VjcmV0', /received a string$/],
    ['an array', ['cart'], /received an array/],
    ['an unknown key', { reads: ['cart'] }, /unknown key 'reads'/],
    ['no attribute', {}, /at least one attribute/],
    ['empty lists', { write: [], read: [] }, /at least one attribute/],
    ['a name instead of a list', { write: 'cart' }, /'write' must be an array of attribute names, received a string/],
    ['an undefined name', { read: Array.from({ length: 1 }) }, /received undefined/],
    ['an unknown whole', { all: 'exclusive' }, /'all' must be 'read' or 'write'/],
    ['a read beside the whole', { all: 'read', read: ['cart'] }, /leave 'read' out/],
    ['a write beside the whole for writing', { all: 'write', write: ['cart'] }, /leave 'write' out/],
  ])('%s is refused', (_what, spec, message) => {
    expect(() => compileLockRequest(spec)).toThrow(InvalidArgumentError)
    expect(() => compileLockRequest(spec)).toThrow(message)
  })

  test('keys that a library put on every object are not the specification', () => {
    const spec = Object.create({ strange: true }, { write: { value: ['cart'], enumerable: true } })

    expect(compileLockRequest(spec)).toEqual(compile({ write: ['cart'] }))
  })

  test('a request names a bounded number of attributes', () => {
    const names = Array.from({ length: LOCK_ATTRIBUTES_MAX }, (_, i) => `a${i}`)

    expect(compile({ write: names }).writes).toHaveLength(LOCK_ATTRIBUTES_MAX)
    expect(compile({ write: names, read: names }).writes).toHaveLength(LOCK_ATTRIBUTES_MAX)
    expect(() => compile({ write: names, read: ['one more'] })).toThrow(/1000 attributes, received 1001: lock 'all'/)
    expect(() => compile({ all: 'read', write: [...names, 'one more'] })).toThrow(/received 1001/)
  })
})

describe('an attribute name', () => {
  test.each(['cart', 'a.b', '*', 'all', ' ', '0', 'hasOwn', 'größe', '🛒', '\u0000'])('may be %j', (name) => {
    expect(() => checkAttributeName(name)).not.toThrow()
  })

  test.each([[''], [undefined], [null], [7], [Symbol('cart')], [['cart']]])('is not %p', (name) => {
    expect(() => checkAttributeName(name)).toThrow(InvalidArgumentError)
  })

  test('is measured in bytes of UTF-8', () => {
    expect(() => checkAttributeName('x'.repeat(ATTRIBUTE_NAME_BYTES_MAX))).not.toThrow()
    expect(() => checkAttributeName('x'.repeat(ATTRIBUTE_NAME_BYTES_MAX + 1))).toThrow(/255 bytes.*received one of 256/)
    expect(() => checkAttributeName('€'.repeat(85))).not.toThrow()
    expect(() => checkAttributeName('€'.repeat(86))).toThrow(/received one of 258/)
    expect(() => checkAttributeName('🛒'.repeat(63))).not.toThrow()
    expect(() => checkAttributeName('🛒'.repeat(64))).toThrow(/received one of 256/)
  })

  test.each(['\ud83d', 'cart\udc00', '\udc00\ud83d'])('is well-formed: %j is not', (name) => {
    expect(() => checkAttributeName(name)).toThrow(/lone surrogate/)
  })

  test.each([...Object.getOwnPropertyNames(Object.prototype), 'prototype'])('is not %s', (name) => {
    expect(() => checkAttributeName(name)).toThrow(/Object.prototype/)
    expect(() => compileLockRequest({ read: [name] })).toThrow(InvalidArgumentError)
  })
})

// The algebra is checked against requests written out in full: a mode for every attribute there is, one of which
// nobody names.
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
const EVERY_NAME = [...NAMES, 'nobody names this']
const names = fc.oneof(fc.subarray(NAMES, { maxLength: 3 }), fc.shuffledSubarray(NAMES))
const specs: fc.Arbitrary<LockSpec> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<LockSpec>('all', { all: 'read' }, { all: 'write' }) },
  { weight: 2, arbitrary: fc.record({ all: fc.constant('read' as const), write: names }) },
  {
    weight: 6,
    arbitrary: fc.record({ write: names, read: names }).filter(({ write, read }) => write.length + read.length > 0),
  },
)

/** 0 nothing, 1 shared, 2 exclusive. */
const levels = (spec: LockSpec): number[] =>
  EVERY_NAME.map((name) => {
    if (spec === 'all') return 2
    if ('all' in spec && spec.all === 'write') return 2
    if ('write' in spec && spec.write?.includes(name)) return 2
    if ('all' in spec) return 1
    return spec.read?.includes(name) ? 1 : 0
  })
const levelsOf = (request: LockRequest): number[] =>
  EVERY_NAME.map((name) => (permits(request, name, 'exclusive') ? 2 : permits(request, name, 'shared') ? 1 : 0))

describe('requests, for any specifications', () => {
  test('permit what they name and nothing else', () => {
    fc.assert(fc.property(specs, (spec) => expect(levelsOf(compile(spec))).toEqual(levels(spec))))
  })

  test('cover what they permit at least as much of, everywhere', () => {
    fc.assert(
      fc.property(specs, specs, (held, wanted) => {
        const more = levels(wanted)
        expect(covers(compile(held), compile(wanted))).toBe(levels(held).every((level, i) => level >= (more[i] ?? 0)))
      }),
    )
  })

  test('merge to what either permits, in normal form', () => {
    fc.assert(
      fc.property(specs, specs, (a, b) => {
        const [left, right] = [levels(a), levels(b)]
        const merged = merge(compile(a), compile(b))
        expect(levelsOf(merged)).toEqual(left.map((level, i) => Math.max(level, right[i] ?? 0)))
        expect(merged).toEqual(merge(compile(b), compile(a)))
        expect(merged.writes).toEqual([...new Set(merged.writes)].sort())
        expect(merged.reads).toEqual([...new Set(merged.reads)].sort())
        expect(merged.reads.filter((name) => merged.whole !== undefined || merged.writes.includes(name))).toEqual([])
      }),
    )
  })

  test('lack what makes them cover the other, and name nothing that is held', () => {
    fc.assert(
      fc.property(specs, specs, (a, b) => {
        const [held, wanted] = [compile(a), compile(b)]
        const lacks = lacking(held, wanted)
        expect(merge(held, lacks)).toEqual(merge(held, wanted))
        expect(isEmpty(lacks)).toBe(covers(held, wanted))
        expect(lacks.writes.filter((name) => permits(held, name, 'exclusive'))).toEqual([])
        expect(lacks.reads.filter((name) => permits(held, name, 'shared'))).toEqual([])
      }),
    )
  })
})
