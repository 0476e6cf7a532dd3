import { createHash, createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { compileOptions } from '../../../client/options/client-options.js'
import { sessionKey } from '../../../client/session/session-key.js'
import { settle, World } from '../../support/world.js'

const CONFIG = { url: 'wss://a.example/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
const SECRET = 'a secret of the shop'
const compiled = (idKey: unknown) => compileOptions({ config: CONFIG, namespace: 'shop', idKey: idKey as string }, {})

describe('the key of ids', () => {
  test('makes the hash of an id an HMAC, the same for a text and for its bytes', () => {
    const keyed = `shop#${createHmac('sha256', SECRET).update('user 7').digest('base64url')}`
    expect(sessionKey('shop', 'user 7', compiled(SECRET).idKey)).toBe(keyed)
    expect(sessionKey('shop', 'user 7', compiled(new TextEncoder().encode(SECRET)).idKey)).toBe(keyed)
    expect(sessionKey('shop', 'user 7', compiled(undefined).idKey)).toBe(
      `shop#${createHash('sha256').update('user 7').digest('base64url')}`,
    )
  })

  test.each([
    ['', '0 bytes'],
    ['fifteen letters', '15 bytes'],
    ['x'.repeat(1_025), '1025 bytes'],
    [new Uint8Array(15), '15 bytes'],
    [null, 'null'],
    [1, 'a number'],
    [{}, 'an object'],
  ])('is refused where it is too short, too long or no key: %p', (idKey, received) => {
    const message = `'idKey' must be a string or bytes, 16 to 1024 of them, received ${received}`
    expect(() => compiled(idKey)).toThrow(new InvalidArgumentError(message))
  })

  test('is shown by nothing', () => {
    const options = compiled(SECRET)
    const shown = [inspect(options, { depth: 9, showHidden: true }), JSON.stringify(options)].join()
    expect(shown).not.toContain(SECRET)
    expect(shown).not.toContain(Buffer.from(SECRET).toString('hex'))
    expect(shown).not.toContain(Buffer.from(SECRET).toString('base64'))
    expect(() => compiled(SECRET.slice(0, 9))).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('a secret') }),
    )
  })

  test('leads clients with the same key to one session, and others to another', async () => {
    const world = new World()
    const [first, second] = [world.client({ idKey: SECRET }), world.client({ idKey: Buffer.from(SECRET) })]
    const [other, none] = [world.client({ idKey: `${SECRET}!` }), world.client()]
    await world.finish(first.access('user 7', 'all', ({ state }) => void (state.n = 1)))
    expect((await world.finish(second.peek('user 7')))?.state).toEqual({ n: 1 })
    expect(await world.finish(other.peek('user 7'))).toBeUndefined()
    expect(await world.finish(none.peek('user 7'))).toBeUndefined()
    const sent = [...world.traffic.sent, ...world.traffic.updates.map((update) => JSON.stringify(update))].join()
    expect(sent).not.toContain(createHash('sha256').update('user 7').digest('base64url'))
    await world.close()
    await settle()
  })
})
