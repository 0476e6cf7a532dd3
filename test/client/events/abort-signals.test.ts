import { getEventListeners } from 'node:events'
import { onAbort } from '../../../client/abort-listeners.js'
import { WaitTimeoutError } from '../../../client/errors/index.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'
import { arrive, closeEnds, makeEnds } from '../worker/this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual('node:worker_threads'), isMainThread: false }))

interface State {
  a: number
  b: number
}

const MANY = 12
const each = <T>(make: (n: number) => T): T[] => Array.from({ length: MANY }, (_, n) => make(n))
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('the listeners of a signal', () => {
  it('share one at the signal, which goes with the last of them', () => {
    const { signal } = new AbortController()
    const removals = each(() => onAbort(signal, () => {}))
    expect(listeners(signal)).toBe(1)
    for (const remove of removals.slice(1)) remove()
    expect(listeners(signal)).toBe(1)
    removals[0]?.()
    expect(listeners(signal)).toBe(0)
  })

  it('are each called once, unless one before has removed them', () => {
    const controller = new AbortController()
    const calls: string[] = []
    const removeFirst = onAbort(controller.signal, () => {
      calls.push('first')
      removeFirst()
      removeSecond()
    })
    const removeSecond = onAbort(controller.signal, () => calls.push('second'))
    const removeThird = onAbort(controller.signal, () => {
      calls.push('third')
      removeThird()
    })
    controller.abort()
    expect(calls).toEqual(['first', 'third'])
    expect(listeners(controller.signal)).toBe(0)
  })

  it('that were removed twice leave those of others in place', () => {
    const controller = new AbortController()
    const remove = onAbort(controller.signal, () => {})
    remove()
    let isCalled = false
    onAbort(controller.signal, () => (isCalled = true))
    remove()
    controller.abort()
    expect(isCalled).toBe(true)
  })
})

describe('one signal for many waits', () => {
  let world: World
  let holder: Holdfast<State>
  let client: Holdfast<State>
  let controller: AbortController
  let open: () => void
  let holding: Promise<void>

  beforeEach(async () => {
    world = new World()
    holder = world.client<State>()
    client = world.client<State>()
    controller = new AbortController()
    for (const n of Array(MANY + 1).keys())
      await world.finish(holder.access(`s${n}`, 'all', ({ state }) => void (state.a = n)))
    const gate = new Promise<void>((resolve) => (open = resolve))
    // An access of each client holds the first session or the attribute, so that all others wait.
    holding = holder.access('s0', 'all', () => gate)
    await settle()
  })
  afterEach(async () => {
    open()
    await holding
    await world.close()
  })

  const options = () => ({ signal: controller.signal, timeoutMs: 5_000 })
  const ids = each((n) => `s${n}`)
  const waits: { readonly [kind: string]: () => Promise<unknown>[] } = {
    'for a session of another process': () => each(() => client.access('s0', 'all', () => {}, options())),
    'for attributes of a session that this process holds': () =>
      each(() => holder.access('s0', { write: ['a'] }, () => {}, options())),
    'of accessMany': () => each(() => client.accessMany(ids, 'all', () => {}, options())),
    'of open': () =>
      each(async () => {
        const session = await client.open('s0', 'all', options())
        await session[Symbol.asyncDispose]()
      }),
    'of destroy': () => each(() => client.destroy('s0', options())),
    'of rotate': () => each(() => client.rotate('s0', () => {}, options())),
  }

  it.each(Object.keys(waits))('%s has one listener, and none when they have ended', async (kind) => {
    const ended = Promise.allSettled(waits[kind]?.() ?? [])
    await settle()
    expect(listeners(controller.signal)).toBe(1)
    open()
    const outcomes = await world.finish(ended, 20_000)
    expect(outcomes).toHaveLength(MANY)
    expect(listeners(controller.signal)).toBe(0)
  })

  it.each(Object.keys(waits))('%s fails all of them when it is aborted', async (kind) => {
    const ended = Promise.allSettled(waits[kind]?.() ?? [])
    await settle()
    controller.abort(new Error('shutting down'))
    const outcomes = await world.finish(ended)
    expect(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason)).toMatchObject(
      each(() => ({ code: 'ABORTED', cause: { message: 'shutting down' } })),
    )
    expect(listeners(controller.signal)).toBe(0)
  })

  it('waits that time out leave no listener', async () => {
    const ended = Promise.allSettled(each(() => client.access('s0', 'all', () => {}, options())))
    await world.clock.advance(5_001)
    const outcomes = (await world.finish(ended)) as PromiseRejectedResult[]
    expect(outcomes.every(({ reason }) => reason instanceof WaitTimeoutError)).toBe(true)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('accesses that wait for more locks have one listener', async () => {
    const blocking = client.open('s1', { write: ['b'] })
    const blocker = await world.finish(blocking)
    const wider = each(() =>
      client.access('s1', { read: ['a'] }, async (session) => void (await session.lock({ read: ['b'] })), options()),
    )
    await settle()
    expect(listeners(controller.signal)).toBe(1)
    await blocker[Symbol.asyncDispose]()
    await world.finish(Promise.all(wider))
    expect(listeners(controller.signal)).toBe(0)
  })

  it('a client that closes leaves no listener', async () => {
    const ended = Promise.allSettled(each(() => client.access('s0', 'all', () => {}, options())))
    await settle()
    await world.finish(client.close())
    expect(((await ended) as PromiseRejectedResult[]).map(({ reason }) => reason.code)).toEqual(each(() => 'CLOSED'))
    expect(listeners(controller.signal)).toBe(0)
  })

  it('calls of two clients share the listener', async () => {
    const both = Promise.all([client, holder].map((one) => one.access('s0', 'all', () => {}, options())))
    await settle()
    expect(listeners(controller.signal)).toBe(1)
    open()
    await world.finish(both)
    expect(listeners(controller.signal)).toBe(0)
  })
})

describe('one signal for many calls of a worker thread', () => {
  it('has one listener, and none when they have ended', async () => {
    const ends = makeEnds()
    const controller = new AbortController()
    const calls = each((n) => ends.thread.access(`s${n}`, 'all', () => {}, { signal: controller.signal }))
    await settle()
    expect(listeners(controller.signal)).toBe(1)
    await ends.world.finish(Promise.all(calls))
    expect(listeners(controller.signal)).toBe(0)

    const blocked = ends.holdfast.access('s0', 'all', () => new Promise((resolve) => setImmediate(resolve)))
    const aborted = Promise.allSettled(
      each(() => ends.thread.access('s0', 'all', () => new Promise(() => {}), { signal: controller.signal })),
    )
    await arrive()
    controller.abort()
    await ends.world.finish(blocked)
    ends.thread.close()
    expect((await ends.world.finish(aborted)).every(({ status }) => status === 'rejected')).toBe(true)
    expect(listeners(controller.signal)).toBe(0)
    await closeEnds(ends)
  })
})
