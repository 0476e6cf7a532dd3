import path from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { LocalStackSuite } from '../../../e2e/local-stack-suite.js'
import { AppProcess } from '../../../e2e/processes.js'
import { SHORT_ENVIRONMENT } from '../../../e2e/timing.js'
import { TIMING } from '../../../torture/timing.js'

interface Counter {
  count: number
}

/** Far below the rest of a lease: a process that waits for that is too late. */
const AT_ONCE_MS = TIMING.leaseMs / 3

describe('an execution environment that is frozen between invocations', () => {
  const suite = new LocalStackSuite<Counter>({ environment: SHORT_ENVIRONMENT })
  let environment: AppProcess
  let sessions = 0
  let id = ''
  beforeEach(async () => {
    sessions += 1
    id = `${sessions}`.padStart(43, 'x')
    environment = new AppProcess(suite.stack, path.join(__dirname, 'environment.mjs'), {})
    await environment.waitFor(({ event }) => event === 'ready')
  })
  afterEach(() => environment.kill())

  const invoke = (event: object, remainingMs?: number) =>
    environment.command('invoke', { event: { id, ...event }, remainingMs })
  /** As soon as the result is there, the environment stands still. */
  const invokeAndFreeze = async (event: object, remainingMs?: number) => {
    const result = await invoke(event, remainingMs)
    environment.signal('SIGSTOP')
    return result
  }
  /** Another process uses the session meanwhile. */
  const add = (client = suite.client(), timeoutMs = AT_ONCE_MS) =>
    client.access(
      id,
      { write: ['count'] },
      ({ state }) => {
        state.count = (state.count ?? 0) + 10
        return state.count
      },
      { timeoutMs },
    )

  it.each([
    ['shorter', TIMING.leaseMs / 4],
    ['longer', TIMING.leaseMs * 1.5],
  ])('serves no old state after a time that is %s than its lease', async (_name, frozenMs) => {
    const client = suite.client()
    await add(client, 10_000)
    await client.releaseUnused()
    expect(await invokeAndFreeze({ work: 'increment' })).toMatchObject({ value: 11 })
    expect(await add(client)).toBe(21)
    await after(frozenMs)
    environment.signal('SIGCONT')
    expect(await invoke({ work: 'read' })).toMatchObject({ value: 21 })
    expect(await invokeAndFreeze({ work: 'increment' })).toMatchObject({ value: 22 })
    expect(await add(client)).toBe(32)
  })

  it('leaves no lock, however an invocation ends', async () => {
    const client = suite.client()
    await add(client, 10_000)
    const ends = [
      [{ work: 'throws' }, { error: { message: 'thrown' } }, 0],
      [{ work: 'early' }, { value: 'early' }, 1],
      [{ work: 'open' }, { value: 'open' }, 0],
      [{ work: 'never' }, { error: { code: 'INVOCATION_ENDED' } }, 0],
      [{ middy: true, work: 'increment' }, {}, 1],
      [{ middy: true, work: 'throws' }, { error: { message: 'thrown' } }, 0],
      [{ middy: true, early: 'early' }, { value: 'early' }, 0],
    ] as const
    let count = 10
    for (const [event, result, more] of ends) {
      await client.releaseUnused()
      expect(await invokeAndFreeze(event, 'work' in event && event.work === 'never' ? 2_500 : undefined)).toMatchObject(
        result,
      )
      count += more + 10
      expect(await add(client)).toBe(count)
      environment.signal('SIGCONT')
    }
  })

  it('keeps one connection for all invocations', async () => {
    for (let n = 1; n <= 5; n += 1) expect(await invoke({ work: 'increment' })).toMatchObject({ value: n })
    expect(await invoke({ work: 'connections' })).toMatchObject({ value: 1 })
  })
})
