import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import { inspect } from 'node:util'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
import { connectHoldfast } from '../../../client/worker/index.js'
import type { World } from '../../support/world.js'
import {
  arrive,
  closeEnds,
  codeOf as codeIn,
  type Ends,
  ID,
  makeEnds,
  type Shop,
  setBy,
  storedBy,
} from './this-thread.js'

let isMainThread = false
jest.mock('node:worker_threads', () => ({
  ...jest.requireActual<object>('node:worker_threads'),
  get isMainThread() {
    return isMainThread
  },
}))

type Untyped = { readonly [method: string]: (...args: unknown[]) => Promise<unknown> }

describe('the client of a worker thread', () => {
  let ends: Ends
  let world: World
  let holdfast: Holdfast<Shop>
  let port: MessagePort
  let thread: WorkerHoldfast<Shop>
  beforeEach(() => {
    isMainThread = false
    ends = makeEnds()
    ;({ world, holdfast, port, thread } = ends)
  })
  afterEach(() => closeEnds(ends))

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  const codeOf = (promise: Promise<unknown>) => codeIn(world, promise)
  const stored = () => storedBy(ends)
  const set = (values: Partial<Shop>) => setBy(ends, values)

  it('keeps what its work changed, and returns what the work returned', async () => {
    expect(await finish(thread.access(ID, { write: ['a'] }, (session) => (session.state.a = 1)))).toBe(1)
    expect(await finish(thread.access(ID, { read: ['a'] }, (session) => session.state.a))).toBe(1)
    expect(await stored()).toEqual({ a: 1 })
  })

  it('keeps nothing of work that fails, and tells its own error', async () => {
    const broken = thread.access(ID, 'all', (session) => {
      session.state.a = 1
      throw new Error('the work failed')
    })
    await expect(finish(broken)).rejects.toThrow('the work failed')
    const unfit = thread.access(ID, 'all', (session) => void (session.state.cart = { items: [Number.NaN] }))
    expect(await codeOf(unfit)).toBe('INVALID_VALUE')
    expect(await stored()).toEqual({})
  })

  it('deletes, creates, peeks, rotates, destroys and releases', async () => {
    await set({ a: 1, b: 2 })
    await finish(thread.access(ID, 'all', (session) => session.delete('b')))
    expect((await finish(thread.peek(ID)))?.state).toEqual({ a: 1 })
    expect(await finish(thread.peek(ID))).toMatchObject({ ttlMs: 86_400_000, isTouchDue: false })
    expect(await finish(thread.peek('nobody'))).toBeUndefined()
    const created = await finish(thread.create({ a: 5 }))
    expect((await finish(thread.peek(created)))?.state).toEqual({ a: 5 })
    expect((await finish(thread.peek(await finish(thread.create()))))?.state).toEqual({})
    const rotated = await finish(thread.rotate(ID, (session) => void (session.state.b = 3)))
    expect((await finish(thread.peek(rotated)))?.state).toEqual({ a: 1, b: 3 })
    expect(await finish(thread.rotate(rotated, undefined, { to: 'named' }))).toBe('named')
    expect(await codeOf(thread.access(rotated, 'all', () => {}))).toBe('SESSION_MISSING')
    await finish(thread.release('named'))
    expect(await finish(thread.destroy('named'))).toBe(true)
    expect(await finish(thread.destroy('named'))).toBe(false)
  })

  it('locks several sessions at once, each with what is its own', async () => {
    const both = ['one', 'two']
    await finish(
      thread.accessMany(both, 'all', (sessions) => {
        for (const [index, session] of sessions.entries()) session.state.a = index
      }),
    )
    const read = await finish(
      thread.accessMany(both, { read: ['a'] }, (sessions) => sessions.map((one) => one.state.a)),
    )
    expect(read).toEqual([0, 1])
  })

  it('keeps of a scope that is left only what it committed', async () => {
    const session = await finish(thread.open(ID, { write: ['a'] }))
    session.state.a = 1
    await finish(session.commit())
    session.state.a = 2
    await finish(Promise.resolve(session[Symbol.asyncDispose]()))
    expect(await stored()).toEqual({ a: 1 })
    expect(() => session.state.a).toThrow('ended')
    const wrong = { ifMissing: 'fail' } as const
    expect(await codeOf(thread.open('nobody', { write: ['a'] }, wrong))).toBe('SESSION_MISSING')
  })

  it('is told by its session what a commit() has made of it, and sends back what was changed back', async () => {
    const told = await finish(
      thread.access(ID, 'all', async (session) => {
        const before = { rev: session.rev, isNew: session.isNew }
        session.state.a = 1
        const committing = session.commit()
        session.delete('a')
        await committing
        return [before, { rev: session.rev, isNew: session.isNew }]
      }),
    )
    expect(told[0]?.isNew).toBe(true)
    expect(told[1]).toEqual({ rev: (told[0]?.rev ?? 0) + 1, isNew: false })
    expect(await stored()).toEqual({})
  })

  it('locks more in the middle of an access, and keeps what it had changed before', async () => {
    await set({ a: 1, b: 2 })
    await finish(
      thread.access(ID, { write: ['a'] }, async (session) => {
        session.state.a = 10
        const wider = await session.lock({ write: ['a', 'b'] })
        wider.state.b = (wider.state.a ?? 0) + 1
      }),
    )
    expect(await stored()).toEqual({ a: 10, b: 11 })
    const refused = thread.access(ID, { write: ['a'] }, (session) => session.lock({ read: 7 } as never))
    expect(await codeOf(refused)).toBe('INVALID_ARGUMENT')
  })

  it('joins a nested access to the outer one, and refuses what would deadlock', async () => {
    const outcome = thread.access(ID, { write: ['a'] }, async (session) => {
      session.state.a = 1
      await thread.access(ID, { write: ['a'] }, (inner) => void (inner.state.a = (inner.state.a ?? 0) + 1))
      const codes = []
      for (const call of [
        () => thread.access('other', 'all', () => {}),
        () => thread.rotate('other'),
        () => thread.destroy('other'),
        () => thread.release(ID),
      ]) {
        codes.push(await call().catch((error: { readonly code: string }) => error.code))
      }
      return codes
    })
    expect(await finish(outcome)).toEqual(Array(4).fill('NESTED_ACCESS'))
    expect(await stored()).toEqual({ a: 2 })
  })

  it('refuses wrong arguments before anything is sent', async () => {
    const untyped = thread as unknown as Untyped
    const unsendable = new AbortController().signal
    for (const call of [
      () => untyped.access?.('', 'all', () => {}),
      () => untyped.access?.(ID, 'all', 'no function'),
      () => untyped.access?.(ID, { write: 7 }, () => {}),
      () => untyped.access?.(ID, 'all', () => {}, 'no options'),
      () => untyped.access?.(ID, 'all', () => {}, null),
      () => untyped.access?.(ID, 'all', () => {}, { nonsense: 1 }),
      () => untyped.accessMany?.('no list', 'all', () => {}),
      () => untyped.create?.(7),
      () => untyped.create?.({}, { ifMissing: 'fail' }),
      () => untyped.destroy?.(ID, { ifMissing: 'fail' }),
      () => untyped.rotate?.(ID, () => {}, { to: unsendable }),
      () => untyped.open?.('', 'all'),
      () => untyped.peek?.(''),
    ]) {
      expect([String(call), await codeOf((async () => call())())]).toEqual([String(call), 'INVALID_ARGUMENT'])
    }
  })

  it('ends a wait when its signal fires, with the reason of that signal', async () => {
    const controller = new AbortController()
    const reason = new Error('the request is gone')
    let leave = () => {}
    const left = new Promise<void>((resolve) => (leave = resolve))
    const holding = holdfast.access(ID, 'all', () => left)
    const waiting = thread.access(ID, 'all', () => {}, { signal: controller.signal })
    waiting.catch(() => {})
    await arrive()
    controller.abort(reason)
    await expect(finish(waiting)).rejects.toMatchObject({ code: 'ABORTED', cause: reason })
    leave()
    await finish(holding)
    const late = thread.access(ID, 'all', () => {}, { signal: controller.signal })
    await expect(late).rejects.toMatchObject({ code: 'ABORTED', waitedMs: 0, cause: reason })
  })

  it('runs its work in the context of its caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const found = storage.run('mine', () => thread.access(ID, 'all', () => storage.getStore()))
    expect(await finish(found)).toBe('mine')
  })

  it('shows a log nothing of the values of a session', async () => {
    const shown = await finish(
      thread.access(ID, 'all', (session) => {
        session.state.a = 424_242
        return [inspect(session), JSON.stringify(session)]
      }),
    )
    for (const text of shown) {
      expect(text).toContain('epoch')
      expect(text).not.toContain('424')
    }
  })

  it('has its port closed where the client closes, and a call that comes too late has had no effect', async () => {
    const ended = once(port, 'close')
    // The thread has not heard of it yet.
    const late = codeOf(holdfast.close().then(() => thread.destroy(ID)))
    expect(await late).toBe('CLOSED')
    await ended
  })

  it('is the same client where a port is connected twice', () => {
    expect(connectHoldfast(port)).toBe(thread)
  })

  it('is refused in the main thread, and for anything but a port', () => {
    expect(() => connectHoldfast({ postMessage: 1 } as never)).toThrow('received an object')
    expect(() => connectHoldfast({} as never)).toThrow('takes a port of workerPort()')
    isMainThread = true
    const { port1 } = new MessageChannel()
    expect(() => connectHoldfast(port1)).toThrow('is for worker threads')
    port1.close()
  })
})
