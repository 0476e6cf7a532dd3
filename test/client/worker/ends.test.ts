import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { HoldfastError } from '../../../client/errors/index.js'
import { SHORT_ENVIRONMENT } from '../../e2e/timing.js'
import { Random } from '../../support/random.js'
import { Threads } from './threads.js'

describe('worker threads that end, and sessions that end under them', () => {
  const threads = new Threads('thread.mjs', { environment: SHORT_ENVIRONMENT })

  it('a thread that is terminated frees its locks and keeps nothing uncommitted', async () => {
    const first = threads.thread()
    first.do('hold', { id: threads.id, locks: 'all', name: 'one', write: { a: 1 } }).catch(() => {})
    await first.entered('one')
    const queued = threads.thread()
    queued.do('hold', { id: threads.id, locks: 'all', name: 'two' }).catch(() => {})
    await queued.do('peek', { id: threads.id })
    const waiting = threads.read()
    await queued.worker.terminate()
    await first.worker.terminate()
    expect(await waiting).toEqual({})
  })

  it('threads terminated at random leave no lock, no half commit and no wrong count', async () => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
    console.info(`worker threads: SEED=${seed}`)
    const random = new Random(seed)
    const { id, holdfast } = threads
    let acknowledged = 0
    let begun = 0
    const over = new AbortController()
    // The main thread takes part all the while, and sees what the others leave.
    const mine = (async () => {
      while (!over.signal.aborted) {
        begun += 1
        const adding = holdfast.access(id, { write: ['count', 'mirror'] }, ({ state }) => {
          if (state.count !== state.mirror) throw new Error(`torn: ${state.count} and ${state.mirror}`)
          state.count = (state.count ?? 0) + 1
          state.mirror = state.count
        })
        await adding.then(
          () => (acknowledged += 1),
          (error: HoldfastError) => {
            // A loaded machine may lose a short lease.
            if (!error.retryable && error.effect !== 'unknown') throw error
          },
        )
      }
    })()
    for (let round = 0; round < 10; round += 1) {
      const each = [threads.thread(), threads.thread(), threads.thread()]
      for (const one of each) {
        one.do(random.chance(0.5) ? 'addForever' : 'tearForever', { id }).catch(() => {})
      }
      // Each is ended somewhere in the middle: while it waits, holds, or commits.
      await Promise.all(
        each.map(async (one) => {
          const enough = random.integer(0, 6)
          await one.said(() => one.count('acknowledged') >= enough)
          for (let turn = random.integer(0, 50); turn > 0; turn -= 1) await new Promise(setImmediate)
          await one.worker.terminate()
        }),
      )
      acknowledged += each.reduce((sum, one) => sum + one.count('acknowledged'), 0)
      begun += each.reduce((sum, one) => sum + one.count('begun'), 0)
    }
    over.abort()
    await mine
    // Nothing is left behind that keeps the session here.
    await holdfast.release(id)
    expect(holdfast.health()).toMatchObject({ heldSessions: 0, waitingSessions: 0 })
    const { count, mirror } = await threads.client().access(id, 'all', ({ state }) => ({ ...state }))
    expect(mirror).toBe(count)
    expect(count).toBeGreaterThanOrEqual(acknowledged)
    expect(count).toBeLessThanOrEqual(begun)
  }, 60_000)

  it('threads that stand still, and that end in the middle of tryLock, keep nothing', async () => {
    const { id, holdfast } = threads
    const [still, asking] = [threads.thread(), threads.thread()]
    still.do('stand', { id, locks: { write: ['a'] }, name: 'still' }).catch(() => {})
    asking.do('stand', { id, locks: { write: ['b'] }, name: 'asking', more: { write: ['count'] } }).catch(() => {})
    await Promise.all([still.entered('still'), asking.entered('asking')])
    // It has the lock on the count by then, or gets it at its next try.
    const late = holdfast.access(id, { write: ['count'] }, () => {}, { timeoutMs: 200 })
    expect([undefined, 'WAIT_TIMEOUT']).toContain(await late.catch(({ code }: HoldfastError) => code))
    await holdfast.access(id, { write: ['mirror'] }, ({ state }) => void (state.mirror = 1))
    const waiting = threads.read()
    await Promise.all([still.worker.terminate(), asking.worker.terminate()])
    expect(await waiting).toEqual({ mirror: 1 })
    await holdfast.release(id)
    expect(holdfast.health()).toMatchObject({ heldSessions: 0, waitingSessions: 0 })
  })

  it('a loss reaches the thread at once, and so does the wish of another process', async () => {
    const other = threads.client()
    const one = threads.thread()
    const wanted = one.do('hold', { id: threads.id, locks: { write: ['a'] }, name: 'one' })
    await one.entered('one')
    const taking = other.access(threads.id, { write: ['a'] }, () => {})
    await new Promise((resolve) => threads.holdfast.on('wanted', resolve))
    await one.do('peek', { id: threads.id })
    one.open('one')
    expect(await wanted).toEqual({ wanted: true })
    await taking

    const lost = one.do('hold', { id: threads.id, locks: { write: ['a'] }, name: 'two', write: { a: 1 } })
    lost.catch(() => {})
    await one.entered('two')
    // Nobody lets it go in time.
    await other.access(threads.id, { write: ['a'] }, () => {}, { timeoutMs: 60_000 })
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_LOST', isHoldfastError: 'SessionLostError' })
    await one.said((message) => message.lost === 'revoked')
    expect((await other.peek(threads.id))?.state).toEqual({})
  })

  it('a lost lease ends the access of a thread at once', async () => {
    const one = threads.thread()
    const lost = one.do('hold', { id: threads.id, locks: { write: ['a'] }, name: 'one', write: { a: 1 } })
    const ended = lost.catch((error: unknown) => error)
    await one.entered('one')
    const { gateway, https } = threads.stack
    await Promise.all([gateway.stop(), https.stop()])
    try {
      expect(await ended).toMatchObject({ code: 'SESSION_LOST', reason: 'unreachable' })
      await one.said((message) => message.lost === 'unreachable')
    } finally {
      await Promise.all([gateway.start(), https.start()])
    }
    expect(await threads.read()).toEqual({})
    // The work goes on in the thread, and is of no use: nothing waits for it, close() included.
    await threads.holdfast.close({ drainMs: 40_000 })
  })

  it('after close of either side calls fail, typed', async () => {
    const [one, two] = [threads.thread(), threads.thread()]
    await one.do('add', { id: threads.id })
    await one.do('close')
    await expect(one.do('add', { id: threads.id })).rejects.toMatchObject({ code: 'CLOSED' })
    await threads.holdfast.close()
    await expect(two.do('add', { id: threads.id })).rejects.toMatchObject({ code: 'CLOSED' })
    expect(() => threads.holdfast.workerPort()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  })

  it('a port that nobody uses keeps no process alive', async () => {
    const script = `
      const { createHoldfast } = await import('holdfast')
      createHoldfast({ namespace: 'threads' }).workerPort()`
    const child = fork('--input-type=module', ['-e', script], {
      execArgv: [],
      env: { ...process.env, ...threads.stack.env },
    })
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('a thread that has connected, and used its client, ends by itself', async () => {
    const port = threads.holdfast.workerPort()
    const script = `
      const { workerData } = require('node:worker_threads')
      const { connectHoldfast } = require('holdfast/worker')
      const holdfast = connectHoldfast(workerData.port)
      if (workerData.id) holdfast.access(workerData.id, { write: ['a'] }, ({ state }) => void (state.a = 1))`
    const idle = new Worker(script, { eval: true, workerData: { port }, transferList: [port] })
    expect(await once(idle, 'exit')).toEqual([0])
    const other = threads.holdfast.workerPort()
    const used = new Worker(script, { eval: true, workerData: { port: other, id: threads.id }, transferList: [other] })
    expect(await once(used, 'exit')).toEqual([0])
    expect(await threads.read()).toEqual({ a: 1 })
  })
})
