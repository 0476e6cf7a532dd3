import { SHORT_ENVIRONMENT } from '../../e2e/timing.js'
import { Threads } from './threads.js'

describe('worker threads', () => {
  const threads = new Threads('thread.mjs', { environment: SHORT_ENVIRONMENT })

  const add = (client = threads.holdfast) =>
    client.access(threads.id, { write: ['count', 'mirror'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      state.mirror = state.count
    })

  it('count together with the main thread and another process', async () => {
    const other = threads.client()
    const adders = [threads.thread(), threads.thread(), threads.thread()].map(
      (each) => () => each.do('add', { id: threads.id }),
    )
    const runs = [...adders, () => add(), () => add(other)].map(async (run) => {
      for (let turn = 0; turn < 25; turn += 1) await run()
    })
    await Promise.all(runs)
    expect(await threads.read()).toEqual({ count: 125, mirror: 125 })
  })

  it('give back every type of value exactly, and what is read cannot be changed', async () => {
    expect(await threads.thread().do('values', { id: threads.id })).toEqual({
      buffer: 'bytes',
      dict: 1,
      minusZero: true,
      big: 10n ** 30n,
      map: new Map([[new Date(5), new Set([1, 'a'])]]),
      refuses: ['NOT_LOCKED', 'NOT_LOCKED'],
    })
    await expect(threads.thread().do('bad', { id: threads.id })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      path: 'cart.items[0]',
      isHoldfastError: 'InvalidValueError',
    })
  })

  it('wait for each other and for the main thread, attribute by attribute', async () => {
    const [first, second] = [threads.thread(), threads.thread()]
    const holding = first.do('hold', { id: threads.id, locks: { write: ['a'] }, name: 'one', write: { a: 1 } })
    await first.entered('one')
    // Other attributes are free.
    expect(await second.do('add', { id: threads.id })).toBe(1)
    let isRead = false
    const waiting = threads.holdfast.access(threads.id, { read: ['a'] }, ({ state }) => {
      isRead = true
      return state.a
    })
    await second.do('peek', { id: threads.id })
    expect(isRead).toBe(false)
    first.open('one')
    expect(await waiting).toBe(1)
    await holding
  })

  it('a deadlock between threads is found, and told with its cycle', async () => {
    const [first, second] = [threads.thread(), threads.thread()]
    const one = first.do('lockMore', { id: threads.id, first: 'a', more: 'b', name: 'one' })
    const two = second.do('lockMore', { id: threads.id, first: 'b', more: 'a', name: 'two' })
    await Promise.all([first.entered('one'), second.entered('two')])
    first.open('one')
    second.open('two')
    const outcomes = await Promise.allSettled([one, two])
    const failed = outcomes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
    expect(failed).toHaveLength(1)
    expect(failed[0]?.reason).toMatchObject({ code: 'DEADLOCK', isHoldfastError: 'DeadlockError' })
    expect(failed[0]?.reason.cycle.map(({ access }: { access: string }) => access).sort()).toEqual(['one', 'two'])
  })

  it('tryLock takes what is free, and only that', async () => {
    const [first, second] = [threads.thread(), threads.thread()]
    await threads.holdfast.access(threads.id, 'all', ({ state }) => void (state.b = 7))
    const one = first.do('lockMore', { id: threads.id, first: 'a', more: 'b', name: 'one', how: 'tryLock' })
    const two = second.do('lockMore', { id: threads.id, first: 'count', more: 'a', name: 'two', how: 'tryLock' })
    await Promise.all([first.entered('one'), second.entered('two')])
    second.open('two')
    expect(await two).toBe('busy')
    first.open('one')
    expect(await one).toBe(7)
  })

  it('commit() keeps what comes before a failure, and the work is told its own error', async () => {
    const one = threads.thread()
    const failing = one.do('commit', { id: threads.id, name: 'one' })
    await one.entered('one')
    expect((await threads.holdfast.peek(threads.id))?.state.count).toBe(10)
    one.open('one')
    await expect(failing).rejects.toMatchObject({ message: 'the work failed' })
    expect(await threads.read()).toEqual({ count: 10 })
  })

  it('open, create, peek, destroy, rotate and accessMany are as in the main thread', async () => {
    const one = threads.thread()
    expect(await one.do('open', { id: threads.id })).toBe(5)
    const created = (await one.do('create', { init: { count: 1 } })) as string
    expect(await one.do('peek', { id: created })).toEqual({ count: 1 })
    expect(await one.do('many', { ids: [created, threads.id] })).toEqual([2, 6])
    const rotated = (await one.do('rotate', { id: threads.id })) as string
    expect(await one.do('read', { id: rotated })).toEqual({ count: 6, user: 'Ada' })
    await expect(one.do('read', { id: threads.id })).rejects.toMatchObject({
      code: 'SESSION_MISSING',
      reason: 'rotated',
    })
    expect(await one.do('destroy', { id: rotated })).toBe(true)
    expect(await one.do('destroy', { id: rotated })).toBe(false)
    expect(await one.do('peek', { id: rotated })).toBeUndefined()
  })

  it('a nested access joins the outer one, or is refused', async () => {
    expect(await threads.thread().do('nested', { id: threads.id, other: 'another' })).toEqual([2, 'NESTED_ACCESS'])
    expect(await threads.read()).toEqual({ count: 2 })
  })

  it('a session is opened, run, rotated, closed and destroyed as in the main thread', async () => {
    expect(await threads.thread().do('session', { id: threads.id })).toEqual([
      90_000,
      9,
      2,
      ['rotated', true],
      ['destroyed', true],
    ])
  })

  it("an id is given to a new session, and the client's options hold", async () => {
    const dropping = threads.client({ undefinedValues: 'drop' })
    const made = await threads.thread(dropping).do('createAs', { id: threads.id })
    expect(made).toEqual([true, 'INVALID_ARGUMENT', [null]])
  })

  it('a commit of a nested access that fails is kept, though nobody awaits it', async () => {
    await threads.thread().do('uncommitted', { id: threads.id })
    expect(await threads.read()).toEqual({ a: 5, b: 6 })
  })

  it('an access through another port is refused where it would wait for the one around it', async () => {
    const one = threads.thread()
    const port = threads.holdfast.workerPort()
    expect(await one.do('secondPort', { id: threads.id, port }, [port])).toBe('NESTED_ACCESS')
  })

  it('a signal ends a wait', async () => {
    const one = threads.thread()
    const holding = one.do('hold', { id: threads.id, locks: 'all', name: 'one' })
    await one.entered('one')
    await expect(threads.thread().do('abort', { id: threads.id })).rejects.toMatchObject({ code: 'ABORTED' })
    one.open('one')
    await holding
  })
})
