import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'
import { ID, OTHER, type Shop } from './nested.js'

/** The linter takes `then` in a literal for a mistake. */
const thenable = (then: (resolve: (value: unknown) => void) => void): object => Object.fromEntries([['then', then]])
const never = thenable(() => {})

const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['a thenable that never settles', () => thenable(() => {})],
  ['a thenable that resolves', () => thenable((resolve) => resolve('unwrapped'))],
  [
    'a thenable that throws',
    () =>
      thenable(() => {
        throw new Error('then was called')
      }),
  ],
  [
    'a function with then',
    () =>
      Object.assign(
        () => {},
        thenable(() => {}),
      ),
  ],
  ['a promise that resolves', () => Promise.resolve(5)],
  ['a promise that never settles', () => new Promise(() => {})],
  ['undefined', () => undefined],
]

describe.each(THROWN)('work that throws %s', (_what, make) => {
  let world: World
  let holdfast: Holdfast<Shop>
  let thrown: unknown
  beforeEach(async () => {
    world = new World()
    holdfast = world.client<Shop>()
    thrown = make()
    await world.finish(holdfast.access(ID, 'all', ({ state }) => void (state.count = 1)))
  })
  afterEach(() => world.close())

  const fail = (): never => {
    throw thrown
  }
  const rejectedLater = (): Promise<never> =>
    new Promise((_resolve, reject) => void settle().then(() => reject(thrown)))
  /** What a promise was rejected with, in a box: a promise that resolved with it would unwrap it. */
  const caught = (promise: Promise<unknown>) =>
    world.finish(
      promise.then(
        () => ({ resolved: true }),
        (error: unknown) => ({ error }),
      ),
    )

  const CALLS: readonly (readonly [string, (work: () => Promise<never>) => Promise<unknown>])[] = [
    ['access', (work) => holdfast.access(ID, 'all', work)],
    ['a first access', (work) => holdfast.access('new', 'all', work)],
    ['accessMany', (work) => holdfast.accessMany([ID, OTHER], 'all', work)],
    ['rotate', (work) => holdfast.rotate(ID, work)],
    ['a nested access', (work) => holdfast.access(ID, 'all', () => holdfast.access(ID, 'all', work))],
    [
      'an access with a commit() under way',
      (work) =>
        holdfast.access(ID, 'all', (session) => {
          session.state.count = 2
          void session.commit()
          return work()
        }),
    ],
  ]
  it.each(CALLS)('%s passes it on, thrown at once or later', async (_call, call) => {
    for (const work of [fail, async () => fail(), rejectedLater]) {
      const outcome = (await caught(call(work))) as { readonly error: unknown }
      expect('error' in outcome && outcome.error === thrown).toBe(true)
    }
    expect((await holdfast.peek(ID))?.state.count).toBeGreaterThan(0)
  })
})

describe('a thenable', () => {
  it('inside an object that the work returns is left alone', async () => {
    const world = new World()
    const holdfast = world.client<Shop>()
    const result = { inside: never, promise: new Promise(() => {}) }
    expect(await world.finish(holdfast.access(ID, 'all', () => result))).toBe(result)
    expect(await world.finish(holdfast.access(ID, 'all', () => holdfast.access(ID, 'all', async () => result)))).toBe(
      result,
    )
    await world.close()
  })

  it('that is the reason of a signal is the cause of the error', async () => {
    const world = new World()
    const holdfast = world.client<Shop>()
    const reason = never
    const aborted = holdfast.access(ID, 'all', () => {}, { signal: AbortSignal.abort(reason) })
    await expect(world.finish(aborted)).rejects.toMatchObject({ code: 'ABORTED', cause: reason })
    await world.close()
  })
})
