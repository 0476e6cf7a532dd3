import type { MessagePort } from 'node:worker_threads'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
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

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

describe('the client of a worker thread', () => {
  let ends: Ends
  let world: World
  let holdfast: Holdfast<Shop>
  let port: MessagePort
  let thread: WorkerHoldfast<Shop>
  beforeEach(() => {
    ends = makeEnds()
    ;({ world, holdfast, port, thread } = ends)
  })
  afterEach(() => closeEnds(ends))

  const finish = <T>(promise: Promise<T>, withinMs?: number): Promise<T> => world.finish(promise, withinMs)
  const codeOf = (promise: Promise<unknown>) => codeIn(world, promise)
  const stored = () => storedBy(ends)
  const set = (values: Partial<Shop>) => setBy(ends, values)

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
    await arrive()
    expect(isWanted()).toBe(false)
    const waiting = other.access(ID, 'all', () => {})
    await world.clock.advance(200)
    await arrive()
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
    await arrive()
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
    expect(await codeOf(undone)).toBe('REFUSED')
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
    await arrive()
    world.partition(holdfast)
    await world.clock.advance(world.timing.leaseMs + 1_000)
    await arrive()
    expect(await codeOf(losing)).toBe('SESSION_LOST')
    await arrive()
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
    await arrive()
    expect(codes).toEqual(Array(4).fill('CLOSED'))
    expect(await stored()).toEqual({})
  })

  it('fails the close() of an open session that ended with the client, and says why', async () => {
    const session = await finish(thread.open(ID, 'all'))
    session.state.a = 1
    thread.close()
    await arrive()
    for (let times = 0; times < 2; times += 1) expect(await codeOf(session.close())).toBe('CLOSED')
    expect(await stored()).toEqual({})
  })

  it('does not know what became of what it was committing when its port closed', async () => {
    let land = () => {}
    const landed = new Promise<void>((resolve) => (land = resolve))
    await finish(thread.accessMany([ID, 'other', 'third'], 'all', (all) => all.map((one) => (one.state.a = 1))))
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
    await arrive()
    await world.clock.advance(200)
    await arrive()
    port.close()
    await world.clock.advance(200)
    await arrive()
    land()
    expect(await Promise.all(outcomes)).toEqual(Array(3).fill('COMMIT_UNKNOWN'))
  })
})
