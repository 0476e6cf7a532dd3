import { ABOVE_MAX, LABEL_CHARS_MAX, WAITERS_MAX } from '../../protocol/limits.js'
import { parseClientMessage, parseStoreMessage } from '../../protocol/messages.js'
import { SESSION } from '../store/fixtures.js'
import { expectRefused, TYPES, VALID } from './valid-messages.js'

const parse = (message: object) => parseClientMessage(JSON.stringify(message))

describe('a client message', () => {
  test.each(TYPES)('of type %s is taken as it was sent', (type) => {
    const message = { type, ...VALID[type] }
    expect(parse(message)).toEqual({ ok: true, message })
  })

  test('may carry the fence that refused a claim, and say that it is a nudge', () => {
    for (const more of [{ above: 0 }, { above: ABOVE_MAX }, { nudge: true }, { above: 5, nudge: true }]) {
      const message = { type: 'acquire', ...VALID.acquire, ...more }
      expect(parse(message)).toEqual({ ok: true, message })
    }
  })

  test('may say how many waited for a holder, as far as that many can', () => {
    const parsed = (waiters: unknown) => parse({ type: 'acquire', ...VALID.acquire, waiters }).ok
    for (const waiters of [0, 1, WAITERS_MAX]) expect(parsed(waiters)).toBe(true)
    for (const waiters of [-1, 0.5, WAITERS_MAX + 1, '1', null, true]) expect(parsed(waiters)).toBe(false)
  })

  test('is text', () => {
    for (const body of [undefined, null, 1, true, {}, [], Buffer.from('{"type":"retire"}')])
      expectRefused(body, 'MALFORMED')
  })

  test('is JSON', () => {
    for (const body of [
      '',
      ' ',
      '{',
      'undefined',
      '{"type":"retire"}x',
      "{'type':'retire'}",
      '\u0000',
      '{"a":\ud800',
    ]) {
      expectRefused(body, 'MALFORMED')
    }
  })

  test('is one JSON object', () => {
    for (const body of ['null', '1', '"retire"', 'true', '[]', '[{"type":"retire"}]']) expectRefused(body, 'MALFORMED')
  })

  test('has a type that clients send, and no name that every object has', () => {
    for (const type of [
      undefined,
      null,
      1,
      {},
      ['acquire'],
      '',
      'Acquire',
      'granted',
      'toString',
      '__proto__',
      'constructor',
    ]) {
      expectRefused(JSON.stringify({ type, ...VALID.acquire }), 'UNKNOWN_TYPE')
    }
  })

  test.each(TYPES)('of type %s has no other fields', (type) => {
    for (const field of ['x', 'processId2', 'toString', 'constructor', 'Type', '']) {
      expectRefused(JSON.stringify({ type, ...VALID[type], [field]: 1 }), 'MALFORMED')
    }
  })

  test.each(TYPES)('of type %s has each of its fields, in the right form', (type) => {
    expect(parseClientMessage(JSON.stringify({ type, ...VALID[type] }))).toMatchObject({ ok: true })
    for (const field of Object.keys(VALID[type])) {
      const { [field]: _, ...rest } = VALID[type] as Record<string, unknown>
      expectRefused(JSON.stringify({ type, ...rest }), 'MALFORMED')
      for (const wrong of [null, true, {}, [], '', '1', ' ', [1], { toString: 1 }]) {
        // A label may be any text.
        if (field === 'label' && typeof wrong === 'string') continue
        expectRefused(JSON.stringify({ type, ...rest, [field]: wrong }), 'MALFORMED')
      }
    }
  })

  test('counts from 1 in whole numbers that are exact', () => {
    for (const [type, field] of [
      ['acquire', 'r'],
      ['cancel', 'r'],
      ['release', 'epoch'],
      ['busy', 'epoch'],
      ['keep', 'epoch'],
      ['renew', 'n'],
      ['hello', 'gen'],
    ] as const) {
      for (const number of ['0', '-1', '1.5', '9007199254740992', '1e400', '-0']) {
        const body = JSON.stringify({ type, ...VALID[type], [field]: 12_345 }).replace('12345', number)
        expectRefused(body, 'MALFORMED')
      }
      const most = { type, ...VALID[type], [field]: Number.MAX_SAFE_INTEGER }
      expect(parse(most)).toEqual({ ok: true, message: most })
    }
  })

  test('asks above no fence that would exhaust the epochs', () => {
    for (const above of [ABOVE_MAX + 1, Number.MAX_SAFE_INTEGER, -1, 0.5, null, '5']) {
      expectRefused(JSON.stringify({ type: 'acquire', ...VALID.acquire, above }), 'MALFORMED')
    }
    for (const nudge of [false, null, 1, 'true']) {
      expectRefused(JSON.stringify({ type: 'acquire', ...VALID.acquire, nudge }), 'MALFORMED')
    }
  })

  test('names sessions, processes and secrets in their own form only', () => {
    const hash = 'h'.repeat(43)
    for (const session of [
      hash,
      `#${hash}`,
      `a b#${hash}`,
      `shop#${hash}x`,
      `shop#${hash.slice(1)}`,
      `shop#${hash}\n`,
    ]) {
      expectRefused(JSON.stringify({ type: 'cancel', session, r: 1 }), 'MALFORMED')
    }
    for (const wrong of [
      { processId: 'p'.repeat(15) },
      { processId: 'p'.repeat(17) },
      { processId: 'p'.repeat(15).concat('#') },
      { secret: 'S'.repeat(42) },
      { secret: 'S'.repeat(44) },
      { label: 'x'.repeat(LABEL_CHARS_MAX + 1) },
      { label: 'line\nbreak' },
      { label: 'é' },
    ]) {
      expectRefused(JSON.stringify({ type: 'hello', ...VALID.hello, ...wrong }), 'MALFORMED')
    }
    for (const label of ['', 'x'.repeat(LABEL_CHARS_MAX), 'any ~!@ of ASCII']) {
      expect(parse({ type: 'hello', ...VALID.hello, label })).toMatchObject({ ok: true })
    }
  })

  test('of another version is told so, whatever else that version says', () => {
    for (const v of [0, 2, 99, -1])
      expectRefused(JSON.stringify({ type: 'hello', v, greeting: 'hi' }), 'UNSUPPORTED_VERSION')
    for (const v of ['1', null, 1.5, undefined]) {
      expectRefused(JSON.stringify({ type: 'hello', ...VALID.hello, v }), 'MALFORMED')
    }
    for (const [v, advice] of [
      [2, "received 2: deploy the store of this client's version first, then the client"],
      [0, 'received 0: deploy a newer client'],
    ] as const)
      expect(parse({ type: 'hello', ...VALID.hello, v })).toMatchObject({ problem: expect.stringContaining(advice) })
  })

  test('that is refused is answered with those of its fields that were right, so that its sender knows it', () => {
    const about = (body: string) => {
      const parsed = parseClientMessage(body)
      return parsed.ok ? undefined : parsed.about
    }
    expect(about(JSON.stringify({ type: 'acquire', ...VALID.acquire, extra: 1 }))).toEqual({
      of: 'acquire',
      session: SESSION,
      r: 1,
    })
    expect(about(JSON.stringify({ type: 'acquire', session: 'not a key', r: 3 }))).toEqual({ of: 'acquire', r: 3 })
    expect(about(JSON.stringify({ type: 'hello', ...VALID.hello, v: 2, gen: 4 }))).toEqual({ of: 'hello', gen: 4 })
    expect(about('{"type":"nonsense","r":1}')).toEqual({})
    expect(about('{')).toEqual({})
  })
})

describe('a store message', () => {
  test('is read by its type', () => {
    const types = ['welcome', 'granted', 'queued', 'revoke', 'released', 'lost', 'renewed', 'noted', 'refused']
    for (const type of types) expect(parseStoreMessage(JSON.stringify({ type, r: 1 }))).toEqual({ type, r: 1 })
  })

  test('is nothing else, such as an error frame of the gateway, and never an exception', () => {
    for (const body of [
      '',
      '{',
      'null',
      '1',
      '[]',
      '{"message":"Internal server error","connectionId":"c","requestId":"r"}',
      '{"type":"acquire"}',
      '{"type":"__proto__"}',
      '{"type":["granted"]}',
    ]) {
      expect(parseStoreMessage(body)).toBeUndefined()
    }
  })
})
