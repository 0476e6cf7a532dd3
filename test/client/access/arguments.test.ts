import { InvalidArgumentError } from '../../../client/errors/index.js'
import { useOneClient } from './one-client.js'

interface Shop {
  cart: { items: string[] }
  count: number
}

const ID = 'an id'

/** The client as a program without types may call it. */
type Untyped = { readonly [method in 'create' | 'destroy' | 'on' | 'off']: (...args: unknown[]) => Promise<unknown> }

describe('a client', () => {
  const stage = useOneClient<Shop>()
  const finish = <T>(promise: Promise<T>): Promise<T> => stage.world.finish(promise)

  it.each([
    ['an empty id', () => ['', 'all', () => {}]],
    ['an id that is no string', () => [17, 'all', () => {}]],
    ['an id with a lone surrogate', () => ['\ud800', 'all', () => {}]],
    ['an id that is too long', () => ['x'.repeat(1_025), 'all', () => {}]],
    ['no locks', () => [ID, {}, () => {}]],
    ['an empty attribute name', () => [ID, { write: [''] }, () => {}]],
    ['a polluting attribute name', () => [ID, { write: ['__proto__'] }, () => {}]],
    ['an inherited attribute name', () => [ID, { write: ['constructor'] }, () => {}]],
    ['an attribute name that is too long', () => [ID, { write: ['x'.repeat(256)] }, () => {}]],
    ['an unknown lock', () => [ID, { exclusive: ['cart'] }, () => {}]],
    ['an unknown option', () => [ID, 'all', () => {}, { timeout: 5 }]],
    ['a timeout that is none', () => [ID, 'all', () => {}, { timeoutMs: 0 }]],
    ['a signal that is none', () => [ID, 'all', () => {}, { signal: {} }]],
    ['no work', () => [ID, 'all']],
  ])('refuses %s before anything happens', async (_what, args) => {
    const access = stage.holdfast.access.bind(stage.holdfast) as (...args: unknown[]) => Promise<unknown>
    const refused = access(...args())
    await expect(refused).rejects.toBeInstanceOf(InvalidArgumentError)
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', effect: 'none', retryable: false })
    expect(stage.world.traffic.sent).toEqual([])
  })

  it.each([
    ['made of a list', (client: Untyped) => client.create([1]), /plain object .* received an array/],
    ['made of nothing', (client: Untyped) => client.create(null), /plain object .* received null/],
    ['made of text', (client: Untyped) => client.create('cart'), /plain object .* received a string/],
    ['made of a Map', (client: Untyped) => client.create(new Map([['count', 1]])), /another kind of object/],
    [
      'made only if it exists',
      (client: Untyped) => client.create({}, { ifMissing: 'fail' }),
      /create has no .*ifMissing/,
    ],
    [
      'made to be destroyed',
      (client: Untyped) => client.destroy(ID, { ifMissing: 'create' }),
      /destroy has no .*ifMissing/,
    ],
  ])('refuses a session %s before anything happens', async (_what, call, message) => {
    const refused = call(stage.holdfast as unknown as Untyped)
    await expect(refused).rejects.toBeInstanceOf(InvalidArgumentError)
    await expect(refused).rejects.toThrow(message)
    expect(stage.world.traffic.sent).toEqual([])
  })

  it('makes sessions of plain objects, with a prototype or without', async () => {
    for (const init of [{ count: 1 }, Object.assign(Object.create(null), { count: 1 }), undefined]) {
      const id = await finish(stage.holdfast.create(init))
      expect((await stage.holdfast.peek(id))?.state).toEqual({ ...init })
    }
  })

  it('refuses listeners of events that there are not, and what cannot listen', () => {
    for (const method of ['on', 'off'] as const) {
      const call = (...args: unknown[]) => (stage.holdfast as unknown as Untyped)[method](...args)
      expect(() => call('grant', () => {})).toThrow(InvalidArgumentError)
      expect(() => call('grant', () => {})).toThrow(
        "there is no event 'grant': known are granted, wanted, released, lost, retried, connection",
      )
      expect(() => call('toString', () => {})).toThrow("there is no event 'toString'")
      expect(() => call(undefined, () => {})).toThrow('there is no event undefined')
      expect(() => call('granted')).toThrow('the listener must be a function, received undefined')
    }
    const listener = () => {}
    expect(stage.holdfast.on('lost', listener).off('lost', listener)).toBe(stage.holdfast)
  })
})
