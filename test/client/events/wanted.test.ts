import { getEventListeners } from 'node:events'
import { compileLockRequest } from '../../../client/attribute-locks/lock-request.js'
import type { Holdfast } from '../../../client/holdfast.js'
import { compileAccessOptions } from '../../../client/options/access-options.js'
import { isInsideAccess, runInScope, Scope } from '../../../client/scope.js'
import { Ticket } from '../../../client/session/ticket.js'
import { settle, World } from '../../support/world.js'
import { arrive, closeEnds, makeEnds } from '../worker/this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual('node:worker_threads'), isMainThread: false }))

interface State {
  n: number
}

const ID = 'a'

describe('a session that another process asks for', () => {
  let world: World
  let client: Holdfast<State>
  let other: Holdfast<State>
  beforeEach(async () => {
    world = new World({ leaseMs: 100_000, maxBusyMs: 20_000 })
    client = world.client<State>()
    other = world.client<State>()
    await world.finish(client.access(ID, 'all', () => {}))
  })
  afterEach(() => world.close())

  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
  const use = (of: Holdfast<State>) => of.access(ID, 'all', ({ state }) => (state.n = (state.n ?? 0) + 1))

  it('aborts the signal of each access that runs, and they let go', async () => {
    let stopped = 0
    const streams = Array.from({ length: 3 }, () =>
      client.access(ID, { read: ['n'] }, async (session) => {
        expect([session.wanted, session.wantedSignal.aborted]).toEqual([false, false])
        expect(session.wantedSignal).toBe(session.wantedSignal)
        await aborted(session.wantedSignal)
        expect([session.wanted, session.signal.aborted]).toEqual([true, false])
        stopped += 1
      }),
    )
    await world.clock.advance(30_000)
    expect(stopped).toBe(0)
    expect(await world.finish(use(other))).toBe(1)
    await Promise.all(streams)
    expect(stopped).toBe(3)
  })

  it('has the reason of an abort, for calls that the signal ends', async () => {
    const stream = client.access(ID, { read: ['n'] }, async ({ wantedSignal }) => {
      await aborted(wantedSignal)
      return wantedSignal.reason as unknown
    })
    await settle()
    await world.finish(use(other))
    expect(await stream).toMatchObject({ name: 'AbortError' })
  })

  it('tells the event and the property before the signal, and the signal once', async () => {
    const told: string[] = []
    client.on('wanted', () => told.push('event'))
    let end = () => {}
    const running = client.access(ID, 'all', async (session) => {
      session.wantedSignal.addEventListener('abort', () => told.push(`signal, wanted: ${session.wanted}`))
      await new Promise<void>((resolve) => (end = resolve))
    })
    await settle()
    const waiting = Promise.all([use(other), use(world.client<State>())])
    await world.clock.advance(10_000)
    expect(told.toSorted()).toEqual(['event', 'signal, wanted: true'])
    end()
    await world.finish(Promise.all([running, waiting]))
  })

  it('is wanted from the start by accesses that still begin', async () => {
    const gate: (() => void)[] = []
    const first = client.access(ID, { write: ['n'] }, () => new Promise<void>((resolve) => void gate.push(resolve)))
    const queued = client.access(ID, { write: ['n'] }, ({ wanted, wantedSignal }) => [wanted, wantedSignal.aborted])
    await settle()
    const waiting = use(other)
    await world.clock.advance(1)
    gate[0]?.()
    expect(await world.finish(queued)).toEqual([true, true])
    await world.finish(Promise.all([first, waiting]))
  })

  it('aborts the signal of an opened session', async () => {
    const session = await world.finish(client.open(ID, 'all'))
    const waiting = use(other)
    await world.finish(aborted(session.wantedSignal))
    await session[Symbol.asyncDispose]()
    expect(await world.finish(waiting)).toBe(1)
  })

  it('aborts nothing of an access that has ended, nor of the next one', async () => {
    let ended: AbortSignal | undefined
    await client.access(ID, 'all', (session) => void (ended = session.wantedSignal))
    await world.finish(use(other))
    expect(ended?.aborted).toBe(false)
    await world.finish(
      client.access(ID, 'all', ({ wanted, wantedSignal }) =>
        expect([wanted, wantedSignal.aborted]).toEqual([false, false]),
      ),
    )
  })

  it('aborts nothing of other sessions', async () => {
    const kept = await world.finish(client.open('b', 'all'))
    await world.finish(use(other))
    expect([kept.wanted, kept.wantedSignal.aborted]).toEqual([false, false])
    await kept[Symbol.asyncDispose]()
  })

  it('a listener of the signal is not inside the access: what it begins waits for the next grant', async () => {
    const order: string[] = []
    let begun: Promise<unknown> | undefined
    const running = client.access(ID, 'all', async (session) => {
      session.wantedSignal.addEventListener('abort', () => {
        begun = client.access(ID, 'all', () => order.push('begun by the listener'))
      })
      await aborted(session.wantedSignal)
      await settle()
      order.push('access')
    })
    await settle()
    const waiting = other.access(ID, 'all', () => order.push('other'))
    await world.finish(Promise.all([running, waiting]), 10_000)
    await world.finish(begun as Promise<unknown>, 10_000)
    expect(order).toEqual(['access', 'other', 'begun by the listener'])
  })

  it('an access that does not let go loses the session later, by its other signal', async () => {
    const stuck = client.access(ID, 'all', async ({ signal, wantedSignal }) => {
      await aborted(wantedSignal)
      const wantedMs = world.clock.wallMs()
      await aborted(signal)
      return world.clock.wallMs() - wantedMs
    })
    stuck.catch(() => {})
    const waiting = other.access(ID, 'all', () => {}, { timeoutMs: 60_000 })
    await expect(world.finish(stuck, 30_000)).rejects.toMatchObject({ code: 'SESSION_LOST', reason: 'revoked' })
    await world.finish(waiting)
  })

  it('is told to the work of a worker thread', async () => {
    const ends = makeEnds()
    const stranger = ends.world.client<State>()
    const told: unknown[] = []
    const running = ends.thread.access(ID, 'all', async (session) => {
      told.push(session.wanted, session.wantedSignal.aborted)
      await aborted(session.wantedSignal)
      told.push(session.wanted, getEventListeners(session.wantedSignal, 'abort').length)
    })
    await arrive()
    await ends.world.clock.advance(1_000)
    expect(told).toEqual([false, false])
    await ends.world.finish(
      stranger.access(ID, 'all', () => {}),
      10_000,
    )
    await running
    expect(told).toEqual([false, false, true, 0])
    await closeEnds(ends)
  })

  it('is told to no access that has ended, though its signal is read again', async () => {
    let told = 0
    const ended = await world.finish(
      client.access(ID, 'all', (session) => {
        session.wantedSignal.addEventListener('abort', () => told++)
        return [session]
      }),
    )
    const running = client.access(ID, 'all', async ({ wantedSignal }) => {
      await aborted(wantedSignal)
      return ended.map((session) => session.wantedSignal.aborted)
    })
    await settle()
    await world.finish(use(other))
    expect(await running).toEqual([false])
    expect(told).toBe(0)
  })

  it('is told to the work of a worker thread that begins late', async () => {
    const ends = makeEnds()
    const stranger = ends.world.client<State>()
    const gate: (() => void)[] = []
    const first = ends.holdfast.access(ID, 'all', () => new Promise<void>((resolve) => void gate.push(resolve)))
    const late = ends.thread.access(ID, 'all', ({ wanted, wantedSignal }) => [wanted, wantedSignal.aborted])
    await arrive()
    const waiting = stranger.access(ID, 'all', () => {})
    await ends.world.clock.advance(1)
    gate[0]?.()
    expect(await ends.world.finish(late)).toEqual([true, true])
    await ends.world.finish(Promise.all([first, waiting]))
    await closeEnds(ends)
  })

  it('is told outside the access in which the process notices it', () => {
    const defaults = { timeoutMs: 1_000, ifMissing: 'create', durability: 'access' } as const
    const ticket = new Ticket(compileLockRequest('all'), compileAccessOptions(undefined, defaults))
    const inside: boolean[] = []
    ticket.wantedSignal.addEventListener('abort', () => inside.push(isInsideAccess()))
    runInScope(new Scope({ store: undefined }, [], 'waits'), () => ticket.wanted())
    expect(inside).toEqual([false])
  })
})
