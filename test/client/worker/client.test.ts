import { AsyncLocalStorage } from 'node:async_hooks'
import { inspect } from 'node:util'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
import { connectHoldfast } from '../../../client/worker/index.js'
import { settle, World } from '../../support/world.js'

// The worker's client runs in the thread of the test, on a real port to the real main side, so that time is virtual and
// what it does is measured. Real threads are in worker*.test.ts; tryLock, which stands still, needs one.
let isMainThread = false
jest.mock('node:worker_threads', () => ({
  ...jest.requireActual<object>('node:worker_threads'),
  get isMainThread() {
    return isMainThread
  },
}))

interface Shop {
  a: number
  b: number
  cart: { items: unknown[] }
}

type Untyped = { readonly [method: string]: (...args: unknown[]) => Promise<unknown> }

describe('the client of a worker thread', () => {
  const ID = 'an id'
  let world: World
  let holdfast: Holdfast<Shop>
  let port: MessagePort
  let thread: WorkerHoldfast<Shop>
  beforeEach(() => {
    isMainThread = false
    world = new World()
    holdfast = world.client<Shop>()
    port = holdfast.workerPort()
    thread = connectHoldfast<Shop>(port)
  })
  afterEach(async () => {
    thread.close()
    await world.close()
  })

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    finish(
      promise.then(
        () => 'none',
        (error: { readonly code?: string }) => error.code ?? error,
      ),
      60_000,
    )
  const stored = () => finish(holdfast.access(ID, { all: 'read' }, (session) => ({ ...session.state })))
  const set = (values: Partial<Shop>) =>
    finish(thread.access(ID, 'all', (session) => void Object.assign(session.state, values)))

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
    await finish(
      holdfast.access(ID, 'all', async () => {
        const waiting = thread.access(ID, 'all', () => {}, { signal: controller.signal })
        waiting.catch(() => {})
        await settle()
        controller.abort(reason)
        await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: reason })
      }),
    )
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

  it('is told that another process waits, once', async () => {
    const other = world.client<Shop>()
    let isWanted: () => boolean = () => false
    let leave = () => {}
    const left = new Promise<void>((resolve) => (leave = resolve))
    const holding = thread.access(ID, 'all', async (session) => {
      isWanted = () => session.wanted
      await left
    })
    await world.clock.advance(200)
    expect(isWanted()).toBe(false)
    const waiting = other.access(ID, 'all', () => {})
    await world.clock.advance(200)
    expect(isWanted()).toBe(true)
    leave()
    await finish(Promise.all([holding, waiting]), 5_000)
  })

  it('is told of a lost session in the middle of its work, whose later calls say the same', async () => {
    let lostWith: unknown
    const codes: unknown[] = []
    const losing = thread.access(ID, 'all', async (session) => {
      const lost = new Promise((resolve) => session.signal.addEventListener('abort', resolve))
      world.partition(holdfast)
      await lost
      lostWith = session.signal.reason
      for (const call of [() => session.commit(), () => session.lock({ write: ['b'] }), async () => session.state.a]) {
        codes.push(await call().catch((error: { readonly code: string }) => error.code))
      }
    })
    expect(await codeOf(losing)).toBe('SESSION_LOST')
    await settle()
    expect(lostWith).toMatchObject({ code: 'SESSION_LOST' })
    expect(codes).toEqual(Array(3).fill('SESSION_LOST'))
    world.partition(holdfast, false)
  })

  it('keeps nothing of a commit() that was refused and undone', async () => {
    await set({ a: 5 })
    world.onStateWrite = async () => {
      throw Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
    }
    const undone = thread.access(ID, 'all', async (session) => {
      session.state.a = 6
      const code = await session.commit().catch((error: { readonly code: string }) => error.code)
      session.state.a = 5
      return code
    })
    expect(await codeOf(undone)).toBe('UNREACHABLE')
    world.onStateWrite = (_update, write) => write()
    expect(await stored()).toEqual({ a: 5 })
  })

  it('is told of the loss, and of nothing else, where it asks for more locks as the session is lost', async () => {
    let code: unknown
    let leave = () => {}
    const left = new Promise<void>((resolve) => (leave = resolve))
    const other = holdfast.access(ID, { write: ['b'] }, () => left)
    const losing = thread.access(ID, { write: ['a'] }, async (session) => {
      const locking = session.lock({ write: ['b'] })
      code = await locking.catch((error: { readonly code: string }) => error.code)
    })
    for (const each of [other, losing]) each.catch(() => {})
    await world.clock.advance(200)
    world.partition(holdfast)
    await world.clock.advance(world.timing.leaseMs + 1_000)
    expect(await codeOf(losing)).toBe('SESSION_LOST')
    await settle()
    expect(code).toBe('SESSION_LOST')
    leave()
    world.partition(holdfast, false)
  })

  it('tells a commit() that may have landed instead of the error of the work', async () => {
    await set({ a: 1 })
    world.onStateWrite = async () => {
      throw Object.assign(new Error('reset'), { name: 'TimeoutError' })
    }
    const failing = thread.access(ID, 'all', async (session) => {
      session.state.a = 2
      await session.commit()
    })
    expect(await codeOf(failing)).toBe('COMMIT_UNKNOWN')
  })

  it('that is closed frees what it holds, and refuses every call from then on', async () => {
    const codes: unknown[] = []
    const closing = thread.access(ID, 'all', async (session) => {
      session.state.a = 1
      thread.close()
      for (const call of [
        () => session.commit(),
        () => session.lock({ write: ['b'] }),
        async () => session.tryLock({ write: ['b'] }),
        () => thread.peek(ID),
      ]) {
        codes.push(await call().catch((error: { readonly code: string }) => error.code))
      }
    })
    expect(await codeOf(closing)).toBe('CLOSED')
    await settle()
    expect(codes).toEqual(Array(4).fill('CLOSED'))
    expect(await stored()).toEqual({})
  })

  it('does not know what became of what it was committing when its port closed', async () => {
    let land = () => {}
    const landed = new Promise<void>((resolve) => (land = resolve))
    await finish(thread.accessMany([ID, 'other'], 'all', (sessions) => sessions.map((one) => (one.state.a = 1))))
    world.onStateWrite = async (_update, write) => {
      await landed
      return write()
    }
    const outcomes = [
      codeOf(thread.access(ID, 'all', (session) => void (session.state.a = 2))),
      codeOf(
        thread.access('other', 'all', async (session) => {
          session.state.a = 2
          await session.commit()
        }),
      ),
      codeOf(thread.destroy('third')),
    ]
    await settle()
    await world.clock.advance(200)
    port.close()
    await world.clock.advance(200)
    land()
    expect(await Promise.all(outcomes)).toEqual(Array(3).fill('COMMIT_UNKNOWN'))
  })

  it('is the same client where a port is connected twice', () => {
    expect(connectHoldfast(port)).toBe(thread)
  })

  it('is refused in the main thread, and for anything but a port', () => {
    expect(() => connectHoldfast({ postMessage: 1 } as never)).toThrow('received object')
    expect(() => connectHoldfast({} as never)).toThrow('takes the port of workerPort()')
    isMainThread = true
    const { port1 } = new MessageChannel()
    expect(() => connectHoldfast(port1)).toThrow('is for worker threads')
    port1.close()
  })
})

describe('the main thread, of what is no message of the package', () => {
  const ID = 'an id'
  let world: World
  let port: MessagePort
  let holdfast: Holdfast<Record<string, unknown>>
  beforeEach(() => {
    isMainThread = false
    world = new World()
    holdfast = world.client()
    port = holdfast.workerPort()
  })
  afterEach(async () => {
    port.close()
    await world.close()
  })

  interface Answer {
    readonly n: number
    readonly m?: number
    readonly kind: string
    readonly error?: { readonly data: { readonly code: string } }
  }
  let last = 0

  /** The code that a message is refused with, or the kind of its answer. */
  async function answerTo(message: object, whenBegun?: object): Promise<string> {
    last += 1
    const n = last
    const answered = new Promise<string>((resolve) => {
      const listener = (answer: Answer) => {
        if (answer.n !== n) return
        if (answer.kind === 'begin' && whenBegun !== undefined) return port.postMessage({ n, m: n, ...whenBegun })
        port.off('message', listener)
        resolve(answer.error?.data.code ?? answer.kind)
      }
      port.on('message', listener)
    })
    port.postMessage({ n, m: n, ...message })
    return world.finish(answered)
  }

  it('refuses it, typed, and answers nothing that has no number', async () => {
    for (const noise of [null, undefined, 'text', 7, [], { op: 'access' }, { n: 'x' }]) port.postMessage(noise)
    for (const message of [
      {},
      { op: 'nonsense' },
      { op: 'access' },
      { op: 'access', ids: 'text', locks: 'all' },
      { op: 'access', ids: [ID], locks: { write: 7 } },
      { op: 'accessMany', ids: 7, locks: 'all' },
      { op: 'rotate', ids: [], locks: 'all' },
      { op: 'peek' },
      { op: 'release', id: 5 },
      { op: 'commit', index: 0, changes: [] },
      { op: 'commit', index: 'length', changes: [] },
      { op: 'lock', index: -1, locks: 'all' },
      { op: 'tryLock', index: 0, locks: 'all' },
      { op: 'tryLock', index: 0, locks: 'all', done: new Int32Array(2) },
    ]) {
      expect([message, await answerTo(message)]).toEqual([message, 'INVALID_ARGUMENT'])
    }
  })

  it('keeps nothing of changes that are none, or not under the locks', async () => {
    const access = { op: 'access', ids: [ID], locks: { write: ['a'] } }
    for (const changes of [undefined, 'text', [], [7], [[7]], [['a']], [[['a', 7]]], [[['a', null]]]]) {
      expect([changes, await answerTo(access, { op: 'finish', changes })]).toEqual([changes, 'INVALID_ARGUMENT'])
    }
    expect(await answerTo(access, { op: 'finish', changes: [[['b', { S: 'x' }]]] })).toBe('NOT_LOCKED')
    expect(await answerTo(access, { op: 'drop' })).toBe('failed')
    expect(await answerTo(access, { op: 'finish', changes: [[['a', { S: 'x' }]]] })).toBe('done')
    expect((await world.finish(holdfast.peek(ID)))?.state).toEqual({ a: 'x' })
  })

  it('refuses a number that is in use, and passes over word of calls that are over', async () => {
    const twice = answerTo({ op: 'access', ids: [ID], locks: 'all' }, { op: 'peek', id: ID })
    expect(await twice).toBe('INVALID_ARGUMENT')
    for (const op of ['finish', 'drop', 'abort']) port.postMessage({ op, n: 10_000 })
    await settle()
    expect(await answerTo({ op: 'peek', id: ID })).toBe('done')
  })

  it('answers tryLock on its port, and wakes whoever stands still for it', async () => {
    const ask = async (locks: object | string, isRunning = true) => {
      const done = new Int32Array(new SharedArrayBuffer(4))
      const { port1, port2 } = new MessageChannel()
      const answered = new Promise<{ readonly attributes?: unknown; readonly error?: unknown }>((resolve) =>
        port1.once('message', resolve),
      )
      last += 1
      const n = last
      const begun = new Promise<void>((resolve) => {
        port.on('message', (answer: Answer) => answer.n === n && answer.kind === 'begin' && resolve())
      })
      if (isRunning) {
        port.postMessage({ op: 'access', n, ids: [ID], locks: { write: ['a'] } })
        await world.finish(begun)
      }
      port.postMessage({ op: 'tryLock', n, index: 0, locks, done, port: port2 }, [port2])
      const answer = await world.finish(answered)
      port.postMessage({ op: 'drop', n })
      await settle()
      port1.close()
      return { ...answer, isWoken: done[0] === 1 }
    }
    await world.finish(holdfast.access(ID, 'all', ({ state }) => void Object.assign(state, { b: 'x' })))
    expect(await ask({ write: ['b'] })).toEqual({ attributes: [['b', { S: 'x' }]], isWoken: true })
    expect(await ask('nonsense')).toMatchObject({ error: { data: { code: 'INVALID_ARGUMENT' } }, isWoken: true })
    expect(await ask({ write: ['b'] }, false)).toMatchObject({ error: { name: 'InvalidArgumentError' }, isWoken: true })
    await world.finish(
      holdfast.access(ID, { read: ['b'] }, async () => {
        expect(await ask({ write: ['b'] })).toEqual({ attributes: undefined, error: undefined, isWoken: true })
      }),
      5_000,
    )
  })
})
