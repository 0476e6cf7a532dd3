import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { createHoldfast, type Holdfast } from '../../client/index.js'
import { type LocalStack, startLocalStack } from '../../local/testing.js'
import { SHORT_ENVIRONMENT } from '../e2e/timing.js'
import { Random } from '../sim/random.js'

interface State {
  count: number
  mirror: number
  a: number
  b: number
  user: string
}

type Message = { readonly [field: string]: unknown }

/** A real worker thread, and what it says. */
class Thread {
  readonly messages: Message[] = []
  readonly worker: Worker
  private readonly listeners = new Set<() => void>()
  private last = 0

  constructor(holdfast: Holdfast<State>) {
    const port = holdfast.workerPort()
    this.worker = new Worker(path.join(__dirname, 'worker-thread.mjs'), { workerData: { port }, transferList: [port] })
    this.worker.on('message', (message: Message) => {
      this.messages.push(message)
      for (const listener of this.listeners) listener()
    })
    // A thread that is terminated on purpose may have been in the middle of anything.
    this.worker.on('error', () => {})
  }

  count(field: string): number {
    return this.messages.filter((message) => message[field] === true).length
  }

  async said(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.listeners.delete(listener)
          resolve()
        }
        this.listeners.add(listener)
      })
    }
  }

  /** Does a job and resolves with what it returned; rejects with the error's data. */
  async do(job: string, fields: object = {}): Promise<unknown> {
    this.last += 1
    const n = this.last
    this.worker.postMessage({ n, job, ...fields })
    const { value, error } = await this.said((message) => message.n === n)
    if (error !== undefined) throw Object.assign(new Error('in the thread'), error)
    return value
  }

  entered = (name: string) => this.said((message) => message.entered === name)
  open = (name: string) => this.worker.postMessage({ open: name })
}

describe('worker threads', () => {
  let stack: LocalStack
  let holdfast: Holdfast<State>
  let threads: Thread[]
  let ids = 0
  let id: string
  beforeAll(async () => {
    stack = await startLocalStack({ environment: SHORT_ENVIRONMENT })
  }, 60_000)
  afterAll(() => stack?.stop())
  beforeEach(() => {
    const { config, credentials } = stack
    holdfast = createHoldfast<State>({ namespace: 'threads', config, credentials })
    threads = []
    ids += 1
    id = `session ${ids}`
  })
  afterEach(async () => {
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
    await holdfast.close()
  })

  const thread = () => {
    const made = new Thread(holdfast)
    threads.push(made)
    return made
  }
  const add = () =>
    holdfast.access(id, { write: ['count', 'mirror'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      state.mirror = state.count
    })
  const read = () => holdfast.access(id, { all: 'read' }, ({ state }) => ({ ...state }))

  it('count together with the main thread and another process', async () => {
    const { config, credentials } = stack
    const other = createHoldfast<State>({ namespace: 'threads', config, credentials })
    const adders = [thread(), thread(), thread()].map((each) => () => each.do('add', { id }))
    const elsewhere = () =>
      other.access(id, { write: ['count', 'mirror'] }, ({ state }) => {
        state.count = (state.count ?? 0) + 1
        state.mirror = state.count
      })
    const runs = [...adders, add, elsewhere].map(async (run) => {
      for (let turn = 0; turn < 25; turn += 1) await run()
    })
    await Promise.all(runs)
    expect(await read()).toEqual({ count: 125, mirror: 125 })
    await other.close()
  })

  it('give back every type of value exactly, and what is read cannot be changed', async () => {
    expect(await thread().do('values', { id })).toEqual({
      buffer: 'bytes',
      dict: 1,
      minusZero: true,
      big: 10n ** 30n,
      map: new Map([[new Date(5), new Set([1, 'a'])]]),
      refuses: ['NOT_LOCKED', 'NOT_LOCKED'],
    })
    await expect(thread().do('bad', { id })).rejects.toMatchObject({
      code: 'INVALID_VALUE',
      path: 'cart.items[0]',
      isHoldfastError: 'InvalidValueError',
    })
  })

  it('wait for each other and for the main thread, attribute by attribute', async () => {
    const [first, second] = [thread(), thread()]
    const holding = first.do('hold', { id, locks: { write: ['a'] }, name: 'one', write: { a: 1 } })
    await first.entered('one')
    // Other attributes are free.
    expect(await second.do('add', { id })).toBe(1)
    let isRead = false
    const waiting = holdfast.access(id, { read: ['a'] }, ({ state }) => {
      isRead = true
      return state.a
    })
    await second.do('peek', { id })
    expect(isRead).toBe(false)
    first.open('one')
    expect(await waiting).toBe(1)
    await holding
  })

  it('a thread that is terminated frees its locks and keeps nothing uncommitted', async () => {
    const first = thread()
    first.do('hold', { id, locks: 'all', name: 'one', write: { a: 1 } }).catch(() => {})
    await first.entered('one')
    const queued = thread()
    queued.do('hold', { id, locks: 'all', name: 'two' }).catch(() => {})
    await queued.do('peek', { id })
    const waiting = read()
    await queued.worker.terminate()
    await first.worker.terminate()
    expect(await waiting).toEqual({})
  })

  it('threads terminated at random leave no lock, no half commit and no wrong count', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
    console.info(`worker threads: SEED=${seed}`)
    const random = new Random(seed)
    let acknowledged = 0
    let begun = 0
    for (let round = 0; round < 12; round += 1) {
      const each = [thread(), thread(), thread()]
      for (const one of each) one.do('addForever', { id }).catch(() => {})
      // Each is ended somewhere in the middle: while it waits, holds, or commits.
      await Promise.all(
        each.map(async (one) => {
          const enough = random.integer(0, 6)
          await one.said(() => one.count('acknowledged') >= enough)
          for (let turn = random.integer(0, 50); turn > 0; turn -= 1)
            await new Promise((resolve) => setImmediate(resolve))
          await one.worker.terminate()
        }),
      )
      acknowledged += each.reduce((sum, one) => sum + one.count('acknowledged'), 0)
      begun += each.reduce((sum, one) => sum + one.count('begun'), 0)
    }
    const { count, mirror } = await read()
    expect(mirror).toBe(count)
    expect(count).toBeGreaterThanOrEqual(acknowledged)
    expect(count).toBeLessThanOrEqual(begun)
    expect(holdfast.health().waitingSessions).toBe(0)
  })

  it('a deadlock between threads is found, and told with its cycle', async () => {
    const [first, second] = [thread(), thread()]
    const one = first.do('lockMore', { id, first: 'a', more: 'b', name: 'one' })
    const two = second.do('lockMore', { id, first: 'b', more: 'a', name: 'two' })
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
    const [first, second] = [thread(), thread()]
    await holdfast.access(id, 'all', ({ state }) => void (state.b = 7))
    const one = first.do('lockMore', { id, first: 'a', more: 'b', name: 'one', how: 'tryLock' })
    const two = second.do('lockMore', { id, first: 'count', more: 'a', name: 'two', how: 'tryLock' })
    await Promise.all([first.entered('one'), second.entered('two')])
    second.open('two')
    expect(await two).toBe('busy')
    first.open('one')
    expect(await one).toBe(7)
  })

  it('commit() keeps what comes before a failure, and the work is told its own error', async () => {
    const one = thread()
    const failing = one.do('commit', { id, name: 'one' })
    await one.entered('one')
    expect((await holdfast.peek(id))?.state.count).toBe(10)
    one.open('one')
    await expect(failing).rejects.toMatchObject({ message: 'the work failed' })
    expect(await read()).toEqual({ count: 10 })
  })

  it('open, create, peek, destroy, rotate and accessMany are as in the main thread', async () => {
    const one = thread()
    expect(await one.do('open', { id })).toBe(5)
    const created = (await one.do('create', { init: { count: 1 } })) as string
    expect(await one.do('peek', { id: created })).toEqual({ count: 1 })
    expect(await one.do('many', { ids: [created, id] })).toEqual([2, 6])
    const rotated = (await one.do('rotate', { id })) as string
    expect(await one.do('read', { id: rotated })).toEqual({ count: 6, user: 'Ada' })
    await expect(one.do('read', { id })).rejects.toMatchObject({ code: 'SESSION_MISSING', reason: 'rotated' })
    expect(await one.do('destroy', { id: rotated })).toBe(true)
    expect(await one.do('destroy', { id: rotated })).toBe(false)
    expect(await one.do('peek', { id: rotated })).toBeUndefined()
  })

  it('a nested access joins the outer one, or is refused', async () => {
    expect(await thread().do('nested', { id, other: 'another' })).toEqual([2, 'NESTED_ACCESS'])
    expect(await read()).toEqual({ count: 2 })
  })

  it('a signal ends a wait', async () => {
    const one = thread()
    const holding = one.do('hold', { id, locks: 'all', name: 'one' })
    await one.entered('one')
    await expect(thread().do('abort', { id })).rejects.toMatchObject({ code: 'ABORTED' })
    one.open('one')
    await holding
  })

  it('a loss reaches the thread at once, and so does the wish of another process', async () => {
    const { config, credentials } = stack
    const other = createHoldfast<State>({ namespace: 'threads', config, credentials })
    const one = thread()
    const wanted = one.do('hold', { id, locks: { write: ['a'] }, name: 'one' })
    await one.entered('one')
    const taking = other.access(id, { write: ['a'] }, () => {})
    await new Promise((resolve) => holdfast.on('revoked', resolve))
    await one.do('peek', { id })
    one.open('one')
    expect(await wanted).toEqual({ wanted: true })
    await taking

    const lost = one.do('hold', { id, locks: { write: ['a'] }, name: 'two', write: { a: 1 } })
    lost.catch(() => {})
    await one.entered('two')
    // Nobody lets it go in time.
    await other.access(id, { write: ['a'] }, () => {}, { timeoutMs: 60_000 })
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_LOST', isHoldfastError: 'SessionLostError' })
    await one.said((message) => message.lost === 'revoked')
    expect((await other.peek(id))?.state).toEqual({})
    await other.close()
  })

  it('what is not a message of holdfast/worker harms nobody', async () => {
    const one = thread()
    for (const message of [null, 'text', {}, { n: 'x' }, { n: 1e9, op: 'nonsense' }, { n: 1e9, op: 'access' }]) {
      await one.do('raw', { message })
    }
    await one.do('raw', { message: { n: 1e9 + 1, op: 'commit', m: 1, index: 3, changes: 'x' } })
    expect(await one.do('add', { id })).toBe(1)
  })

  it('after close of either side calls fail, typed', async () => {
    const [one, two] = [thread(), thread()]
    await one.do('add', { id })
    await one.do('close')
    await expect(one.do('add', { id })).rejects.toMatchObject({ code: 'CLOSED' })
    await holdfast.close()
    await expect(two.do('add', { id })).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => holdfast.workerPort()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('a port that nobody uses keeps no process alive', async () => {
    const script = `
      const { createHoldfast } = await import('holdfast')
      createHoldfast({ namespace: 'threads' }).workerPort()`
    const child = fork('--input-type=module', ['-e', script], { execArgv: [], env: { ...process.env, ...stack.env } })
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
