import { createHoldfast } from '../../../client/index.js'
import { createMemoryStack, type Quotas } from '../../../local/index.js'
import { type Counter, ID, increment } from '../../support/counting.js'

const NEVER = 1 / 3_600

/** A stack in memory under these quotas, and what happens to a client of it. */
function under(quotas: Quotas) {
  const stack = createMemoryStack({ clock: 'virtual', quotas })
  const holdfast = createHoldfast<Counter>({ namespace: 'shop', config: stack.config })
  const lost: string[] = []
  holdfast.on('connection', ({ state }) => lost.push(...(state === 'disconnected' ? [state] : [])))
  return { stack, holdfast, lost }
}

describe('a stack in memory under quotas', () => {
  it('throttles messages, and the client waits and stays connected', async () => {
    const { stack, holdfast, lost } = under({ stage: { perSecond: 1, burst: 1 } })
    const counting = increment(holdfast, ID, { timeoutMs: 60_000 })
    await stack.advance(30_000)
    expect(await counting).toBe(1)
    expect(lost).toEqual([])
    expect(stack.gateway.connections()).toHaveLength(1)
    await stack.stop()
  })

  it('is throttled for a while', async () => {
    const { stack, holdfast, lost } = under({})
    await increment(holdfast, ID)
    const end = stack.gateway.throttle({ stage: { perSecond: NEVER, burst: NEVER } })
    const counting = increment(holdfast, 'another', { timeoutMs: 60_000 })
    let isDone = false
    void counting.then(() => (isDone = true))
    await stack.advance(10_000)
    expect(isDone).toBe(false)
    end()
    await stack.advance(20_000)
    expect(await counting).toBe(1)
    expect(lost).toEqual([])
    await stack.stop()
  })

  it('refuses connections', async () => {
    const { stack, holdfast } = under({ connections: { perSecond: NEVER, burst: NEVER } })
    const counting = increment(holdfast, ID, { timeoutMs: 60_000 })
    await Promise.all([
      stack.advance(60_000),
      expect(counting).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true }),
    ])
    await stack.stop()
  })

  it('loses pushes, and a waiter is served by its nudges', async () => {
    const { stack, holdfast } = under({ account: { perSecond: 5, burst: 4 } })
    const other = createHoldfast<Counter>({ namespace: 'shop', config: stack.config })
    const counting = increment(holdfast, ID, { timeoutMs: 60_000 })
    await stack.advance(10_000)
    expect(await counting).toBe(1)
    const more = increment(other, ID, { timeoutMs: 60_000 })
    await stack.advance(60_000)
    expect(await more).toBe(2)
    await stack.stop()
  })

  it('throttles requests to a table, which are tried again', async () => {
    const { stack, holdfast } = under({ tableWrites: { perSecond: 10, burst: 3 } })
    const counting = increment(holdfast, ID, { timeoutMs: 60_000 })
    await stack.advance(30_000)
    expect(await counting).toBe(1)
    expect(stack.requests.since()).toContainEqual(expect.objectContaining({ outcome: 'ThrottlingException' }))
    await stack.stop()
  })

  it('runs no more functions at a time than the quota says', async () => {
    const { stack, holdfast, lost } = under({ concurrency: 1 })
    const ids = Array.from({ length: 20 }, (_, index) => `session ${index}`)
    const all = Promise.all(ids.map((id) => increment(holdfast, id, { timeoutMs: 60_000 })))
    await stack.advance(60_000)
    expect(await all).toEqual(ids.map(() => 1))
    expect(lost).toEqual([])
    await stack.stop()
  })
})
