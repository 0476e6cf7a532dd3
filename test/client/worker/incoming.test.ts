import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'
import { arrive } from './this-thread.js'

describe('the main thread, of what is no message of the package', () => {
  const ID = 'an id'
  let world: World
  let port: MessagePort
  let holdfast: Holdfast<Record<string, unknown>>
  beforeEach(() => {
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
    const answered: unknown[] = []
    port.on('message', ({ n }: Answer) => answered.push(n))
    for (const op of ['finish', 'drop', 'abort', 'ttl']) port.postMessage({ op, n: 10_000, index: 0, ttlMs: 5_000 })
    await arrive()
    expect(await answerTo({ op: 'peek', id: ID })).toBe('done')
    expect(answered).toEqual([last])
  })

  it('answers tryLock on its port, and wakes the thread that stands still for it', async () => {
    const ask = async (locks: object | string, isRunning = true) => {
      const done = new Int32Array(new SharedArrayBuffer(4))
      const { port1, port2 } = new MessageChannel()
      const answered = new Promise<{ readonly attributes?: unknown; readonly error?: unknown }>((resolve) =>
        port1.once('message', resolve),
      )
      last += 1
      const n = last
      const begun = new Promise<void>((resolve) => {
        const listener = (answer: Answer) => {
          if (answer.n !== n || answer.kind !== 'begin') return
          port.off('message', listener)
          resolve()
        }
        port.on('message', listener)
      })
      if (isRunning) {
        port.postMessage({ op: 'access', n, ids: [ID], locks: { write: ['a'] } })
        await world.finish(begun)
      }
      port.postMessage({ op: 'tryLock', n, index: 0, locks, done, port: port2 }, [port2])
      const answer = await world.finish(answered)
      port.postMessage({ op: 'drop', n })
      await arrive()
      port1.close()
      return { ...answer, isWoken: done[0] === 1 }
    }
    await world.finish(holdfast.access(ID, 'all', ({ state }) => void Object.assign(state, { b: 'x' })))
    expect(await ask({ write: ['b'] })).toEqual({ attributes: [['b', { S: 'x' }]], isWoken: true })
    expect(await ask('nonsense')).toMatchObject({ error: { data: { code: 'INVALID_ARGUMENT' } }, isWoken: true })
    // A thread that stands still has not heard of the end of its access.
    expect(await ask({ write: ['b'] }, false)).toMatchObject({ error: { name: 'AccessEndedError' }, isWoken: true })
    await world.finish(
      holdfast.access(ID, { read: ['b'] }, async () => {
        expect(await ask({ write: ['b'] })).toEqual({ attributes: undefined, error: undefined, isWoken: true })
      }),
      5_000,
    )
  })
})
