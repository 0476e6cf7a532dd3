import { inspect } from 'node:util'
import { WORKER_CALLS_MAX } from '../../../client/limits.js'
import { NO_RENEWALS } from '../../e2e/local-stack-suite.js'
import { Threads } from './threads.js'

const INVALID = 'INVALID_ARGUMENT'

describe('a worker thread that does what programs seldom do', () => {
  // Ten thousand calls keep a loaded machine busy for longer than the usual lease.
  const threads = new Threads('edges.mjs', { environment: NO_RENEWALS })

  it('keeps what its work made of a value last, though a commit() of another value is under way', async () => {
    await threads.holdfast.access(threads.id, 'all', ({ state }) => void (state.a = 5))
    await threads.thread().do('changeBack', { id: threads.id })
    expect(await threads.read()).toEqual({ a: 5 })
  })

  it('keeps nothing of a commit() that was refused and undone', async () => {
    await threads.holdfast.access(threads.id, 'all', ({ state }) => void Object.assign(state, { a: 5, user: 'Ada' }))
    expect(await threads.thread().do('undoRefused', { id: threads.id })).toBe('TOO_LARGE')
    expect(await threads.read()).toEqual({ a: 5, user: 'Ada' })
  })

  it('is told by its session what a commit() has made of it', async () => {
    const [before, after] = (await threads.thread().do('about', { id: threads.id })) as {
      rev: number
      isNew: boolean
    }[]
    expect(before?.isNew).toBe(true)
    expect(after).toEqual({ rev: (before?.rev ?? 0) + 1, isNew: false })
  })

  it('keeps its accesses apart where it connects one port twice', async () => {
    const both = [`${threads.id} one`, `${threads.id} two`]
    await threads.thread().do('connectTwice', { ids: both })
    const states = await threads.holdfast.accessMany(both, 'all', (all) => all.map(({ state }) => ({ ...state })))
    expect(states).toEqual([{ a: 1 }, { a: 2 }])
  })

  it('reads and writes attributes whose names promises and JSON look up, as any others', async () => {
    const values = Object.fromEntries(['then', 'toJSON', 'nodeType', 'n'].map((name, index) => [name, index]))
    const one = threads.thread()
    await one.do('set', { id: threads.id, values })
    expect(await one.do('read', { id: threads.id })).toEqual(values)
    expect(await one.do('shown', { id: threads.id })).toBe(inspect(values))
  })

  it('finds its AsyncLocalStorage in its works', async () => {
    expect(await threads.thread().do('context', { id: threads.id })).toEqual(['mine', 'mine'])
  })

  it('finds the reason of its own signal in the AbortedError', async () => {
    await threads.holdfast.access(threads.id, 'all', async () => {
      expect(await threads.thread().do('abortReason', { id: threads.id })).toEqual(['ABORTED', true])
    })
  })

  it('is told of wrong arguments as the main thread is, and goes on', async () => {
    const one = threads.thread()
    expect(await one.do('wrongCalls', { id: threads.id })).toEqual(Array(11).fill(INVALID))
    expect(await one.do('wrongArguments', { id: threads.id })).toEqual(Array(6).fill(INVALID))
    await one.do('set', { id: threads.id, values: { a: 1 } })
    expect(await threads.read()).toEqual({ a: 1 })
  })

  it('is refused, typed, what is no message of the package, and its locks stay sound', async () => {
    const one = threads.thread()
    const messages = [
      {},
      { op: 'nonsense' },
      { op: 'access' },
      { op: 'access', ids: 'text', locks: 'all' },
      { op: 'access', ids: [5], locks: 'all' },
      { op: 'access', ids: [threads.id], locks: { write: 7 } },
      { op: 'access', ids: [threads.id], locks: 'all', options: 'text' },
      { op: 'access', ids: [threads.id], locks: 'all', options: { timeoutMs: -1 } },
      { op: 'accessMany', ids: 7, locks: 'all' },
      { op: 'rotate', ids: [], locks: 'all' },
      { op: 'peek' },
      { op: 'destroy', id: {} },
      { op: 'release', id: 5 },
      { op: 'commit', index: 0, changes: [] },
      { op: 'commit', index: 'length', changes: [] },
      { op: 'lock', index: -1, locks: 'all' },
      { op: 'tryLock', index: 0, locks: 'all' },
    ]
    expect(await one.do('raw', { messages })).toEqual(messages.map(() => INVALID))
    const cycle: { L: unknown[] } = { L: [] }
    cycle.L.push(cycle)
    for (const changes of [
      undefined,
      'text',
      [],
      [7],
      [[7]],
      [['a']],
      [[['a', 7]]],
      [[['a', { S: 7 }]]],
      [[['a', { L: [{ X: 1 }] }]]],
      [[['a', cycle]]],
      [[[7, { S: 'text' }]]],
      [[['a', { S: 'text' }], 'b']],
    ]) {
      expect([changes, await one.do('rawFinish', { id: threads.id, changes })]).toEqual([changes, INVALID])
    }
    expect(await one.do('rawFinish', { id: threads.id, changes: [[['b', { S: 'text' }]]] })).toBe('NOT_LOCKED')
    expect(await threads.read()).toEqual({})
  })

  it('is refused more calls at once than the limit, and leaves none behind when it ends', async () => {
    const both = [`${threads.id} one`, `${threads.id} two`]
    const one = threads.thread()
    await threads.holdfast.accessMany(both, 'all', async () => {
      const refused = one.do('many', { ids: both, calls: WORKER_CALLS_MAX + 1, name: 'many' })
      await one.entered('many')
      one.open('many')
      expect(await refused).toContain(`${WORKER_CALLS_MAX} calls of this worker thread`)
      await one.worker.terminate()
    })
    const states = await threads.holdfast.accessMany(both, 'all', (sessions) =>
      sessions.map(({ state }) => ({ ...state })),
    )
    expect(states).toEqual([{}, {}])
  })

  it('that closes inside an access is told so at once, and nothing of it is kept', async () => {
    const one = threads.thread()
    expect(await one.do('closeInside', { id: threads.id })).toBe('CLOSED')
    const { codes, isAborted } = await one.said((message) => message.codes !== undefined)
    expect({ codes, isAborted }).toEqual({ codes: Array(4).fill('CLOSED'), isAborted: true })
    expect(await threads.read()).toEqual({})
  })

  it('that dies while an access of it waits for more locks frees them all', async () => {
    const one = threads.thread()
    await threads.holdfast.access(threads.id, { write: ['b'] }, async () => {
      one.do('lockForever', { id: threads.id, name: 'one' }).catch(() => {})
      await one.entered('one')
      await one.worker.terminate()
    })
    expect(await threads.read()).toEqual({})
    await threads.holdfast.release(threads.id)
    expect(threads.holdfast.health()).toMatchObject({ heldSessions: 0, waitingSessions: 0 })
  })

  it('is told even of errors that cannot be sent to it', async () => {
    const validate = () => {
      throw Object.assign(new Error('the schema is broken'), { retry: () => {}, code: 'BROKEN' })
    }
    const odd = threads.client({ schemas: { user: { '~standard': { version: 1, vendor: 'test', validate } } } })
    const one = threads.thread(odd)
    await expect(one.do('set', { id: threads.id, values: { user: 'Ada' } })).rejects.toMatchObject({
      message: 'the schema is broken',
      code: 'BROKEN',
    })
    await one.do('set', { id: threads.id, values: { a: 1 } })
  })
})
