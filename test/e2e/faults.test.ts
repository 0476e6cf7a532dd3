import type { Holdfast } from '../../client/index.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { SHORT_ENVIRONMENT } from './timing.js'

interface Counter {
  count: number
}

describe('real processes when something breaks', () => {
  const suite = new LocalStackSuite<Counter>({ environment: SHORT_ENVIRONMENT })
  const increment = (holdfast: Holdfast<Counter>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    })

  it('takes the session from a process that was killed, with all that it had acknowledged', async () => {
    const [first, second] = [await suite.spawn(), await suite.spawn()]
    expect(await first.command('increment', { id: 'killed' })).toMatchObject({ value: 1 })
    await first.kill()
    expect(await second.command('increment', { id: 'killed' })).toMatchObject({ value: 2 })
  }, 60_000)

  it('lets no process write that was frozen beyond its lease, and tells it so when it thaws', async () => {
    const [frozen, other] = [await suite.spawn(), await suite.spawn()]
    const slow = frozen.command('incrementSlowly', { id: 'frozen' })
    await frozen.waitFor(({ event }) => event === 'running')
    frozen.signal('SIGSTOP')
    expect(await other.command('increment', { id: 'frozen' })).toMatchObject({ value: 1 })
    frozen.signal('SIGCONT')
    frozen.say('finish')
    expect(await slow).toMatchObject({ error: { code: 'SESSION_LOST', effect: 'none' } })
    expect(await frozen.command('increment', { id: 'frozen' })).toMatchObject({ value: 2 })
  }, 60_000)

  it('keeps what it holds while the gateway restarts, and can be asked for it afterwards', async () => {
    const [first, second] = [suite.client(), suite.client()]
    await increment(first, 'restart')
    await suite.stack.gateway.stop()
    await suite.stack.gateway.start()
    expect(await increment(first, 'restart')).toBe(2)
    expect(await increment(second, 'restart')).toBe(3)
  }, 60_000)

  it('leaves nothing in the queue when a wait times out, is aborted or is closed, and never an empty session', async () => {
    const [holder, first, second, third] = [await suite.spawn(), suite.client(), suite.client(), suite.client()]
    // Connected before: on a loaded machine a wait could end before the store is reached.
    await increment(first, 'of the first')
    await holder.command('increment', { id: 'waited for' })
    const slow = holder.command('incrementSlowly', { id: 'waited for' })
    await holder.waitFor(({ event }) => event === 'running')
    const abort = new AbortController()
    const seen: unknown[] = []
    const look = (holdfast: Holdfast<Counter>, options: object) =>
      holdfast.access('waited for', 'all', ({ state }) => void seen.push({ ...state }), options)
    const timedOut = look(first, { timeoutMs: 1_500 })
    const aborted = look(second, { signal: abort.signal })
    const closed = look(third, {})
    for (const wait of [timedOut, aborted, closed]) wait.catch(() => {})
    await expect(timedOut).rejects.toMatchObject({ code: 'WAIT_TIMEOUT', effect: 'none', waitedMs: expect.any(Number) })
    abort.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED', effect: 'none' })
    await third.close()
    await expect(closed).rejects.toMatchObject({ code: 'CLOSED', effect: 'none' })
    holder.say('finish')
    expect(await slow).toMatchObject({ value: 2 })
    expect(await increment(first, 'waited for')).toBe(3)
    expect(await suite.tables.lock('waited for')).toMatchObject({ waiters: { L: [] } })
    expect(seen).toEqual([])
  }, 60_000)

  it('goes on above the fence when TTL has taken the lock record, and the former holder cannot write', async () => {
    const [first, second] = [suite.client(), suite.client()]
    const losses: unknown[] = []
    first.on('lost', ({ error }) => losses.push(error.code))
    await increment(first, 'ttl')
    const fence = Number((await suite.tables.session('ttl'))?.fence?.N)
    await suite.tables.deleteLock('ttl')
    expect(await increment(second, 'ttl')).toBe(2)
    expect(Number((await suite.tables.session('ttl'))?.fence?.N)).toBeGreaterThan(fence)
    await expect(increment(first, 'ttl')).rejects.toMatchObject({
      code: 'SESSION_LOST',
      reason: 'fenced',
      effect: 'none',
    })
    expect(await increment(first, 'ttl')).toBe(3)
    expect(losses).toEqual(['SESSION_LOST'])
  }, 60_000)

  it('raises itself above the fence when an older lock record was restored', async () => {
    const [first, second] = [suite.client(), suite.client()]
    await increment(first, 'restored')
    await first.release('restored')
    const old = await suite.tables.lock('restored')
    for (let round = 0; round < 3; round += 1) {
      await increment(second, 'restored')
      await second.release('restored')
      await increment(first, 'restored')
      await first.release('restored')
    }
    const fence = Number((await suite.tables.session('restored'))?.fence?.N)
    if (old === undefined) throw new Error('there is no lock record')
    await suite.tables.putLock(old)
    expect(await increment(second, 'restored')).toBe(8)
    expect(Number((await suite.tables.session('restored'))?.fence?.N)).toBeGreaterThan(fence)
  }, 60_000)

  it('raises epochs and fences through destroy and re-creation, and starts an empty session', async () => {
    const [first, second] = [suite.client(), suite.client()]
    const epochs: number[] = []
    const note = ({ epoch }: { epoch: number }) => epochs.push(epoch)
    first.on('granted', note)
    second.on('granted', note)
    await increment(first, 'destroyed')
    expect(await second.destroy('destroyed')).toBe(true)
    expect(await second.peek('destroyed')).toBeUndefined()
    await expect(first.access('destroyed', 'all', () => 'never', { ifMissing: 'fail' })).rejects.toMatchObject({
      code: 'SESSION_MISSING',
    })
    expect(await increment(first, 'destroyed')).toBe(1)
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b))
    expect(epochs.length).toBeGreaterThanOrEqual(3)
  }, 60_000)

  it('gives everything back when it closes, so that the next process gets it at once', async () => {
    const first = suite.client()
    for (const id of ['closed 1', 'closed 2', 'closed 3']) await increment(first, id)
    await first.close()
    await expect(increment(first, 'closed 1')).rejects.toMatchObject({ code: 'CLOSED' })
    const second = suite.client()
    for (const id of ['closed 1', 'closed 2', 'closed 3']) expect(await increment(second, id)).toBe(2)
  }, 60_000)
})

describe('real processes when every push is lost', () => {
  // Nothing listens there: the functions' pushes all fail, and only nudges and renewals are left.
  const environment = { ...SHORT_ENVIRONMENT, HOLDFAST_CALLBACK_URL: 'http://127.0.0.1:9/live' }
  const suite = new LocalStackSuite<Counter>({ environment })

  it('hands the session over all the same', async () => {
    const clients = [suite.client(), suite.client()]
    const results: number[] = []
    for (let round = 0; round < 2; round += 1) {
      for (const holdfast of clients) {
        results.push(
          await holdfast.access('deaf', { write: ['count'] }, ({ state }) => {
            state.count = (state.count ?? 0) + 1
            return state.count
          }),
        )
      }
    }
    expect(results).toEqual([1, 2, 3, 4])
  }, 60_000)
})
