import * as fc from 'fast-check'
import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import { parseClientMessage } from '../../protocol/messages.js'
import { SESSION } from '../store/fixtures.js'
import { expectRefused, SECRET, TYPES, VALID } from './valid-messages.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`messages: SEED=${seed}`)

const REFUSAL = { ok: false, code: expect.any(String), problem: expect.any(String), about: expect.any(Object) }

describe('a client message that means no good', () => {
  test('has at most 4096 bytes of UTF-8, whatever it says', () => {
    expect(parseClientMessage('{"type":"retire"}'.padEnd(MESSAGE_BYTES_MAX, ' '))).toMatchObject({ ok: true })
    expectRefused('{"type":"retire"}'.padEnd(MESSAGE_BYTES_MAX + 1, ' '), 'TOO_LARGE')
    expectRefused('é'.repeat(MESSAGE_BYTES_MAX / 2 + 1), 'TOO_LARGE')
    expectRefused('x'.repeat(10_000_000), 'TOO_LARGE')
  })

  test('cannot bring a prototype along', () => {
    for (const body of [
      '{"type":"renew","__proto__":{"n":1}}',
      '{"type":"renew","n":1,"__proto__":{"polluted":true}}',
      '{"__proto__":{"type":"renew","n":1}}',
      '{"type":"renew","n":1,"constructor":{"prototype":{"polluted":true}}}',
    ]) {
      expect(parseClientMessage(body)).toMatchObject({ ok: false })
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('gets no field from a prototype that somebody else polluted', () => {
    const prototype = Object.prototype as unknown as Record<string, unknown>
    prototype.n = 1
    try {
      expectRefused('{"type":"renew"}', 'MALFORMED')
    } finally {
      delete prototype.n
    }
  })

  test('may be as deep as its size allows', () => {
    const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expectRefused(`{"type":"renew","n":${deep(2_000)}}`, 'MALFORMED')
    expectRefused(deep(2_048), 'MALFORMED')
  })

  test('that is refused is never quoted: it may hold a secret', () => {
    for (const body of [
      JSON.stringify({ type: 'hello', ...VALID.hello, extra: SECRET }),
      JSON.stringify({ type: 'hello', ...VALID.hello, secret: `${SECRET}!` }),
      JSON.stringify({ type: 'hello', ...VALID.hello, [SECRET]: 1 }),
      JSON.stringify({ type: SECRET }),
      SECRET,
    ]) {
      const parsed = parseClientMessage(body)
      expect(parsed.ok).toBe(false)
      expect(JSON.stringify(parsed)).not.toContain(SECRET)
    }
  })

  test('is refused with a code, or taken exactly as it is, whatever it is', () => {
    const near = fc.record(
      {
        type: fc.oneof(fc.constantFrom<string>(...TYPES), fc.string()),
        session: fc.constantFrom<unknown>(SESSION, 'x', 1, null),
        r: fc.oneof(fc.integer(), fc.double(), fc.string()),
        epoch: fc.oneof(fc.integer({ min: 1 }), fc.jsonValue()),
        n: fc.oneof(fc.integer({ min: 1 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const body = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      near.map((fields) => JSON.stringify(fields)),
      near.map((fields) => JSON.stringify({ ...fields, above: 1 })),
    )
    fc.assert(
      fc.property(body, (text) => {
        const parsed = parseClientMessage(text)
        const expected = parsed.ok ? { ok: true, message: JSON.parse(text) } : REFUSAL
        expect(parsed).toEqual(expected)
      }),
      { seed, numRuns: 2_000 },
    )
  })
})
