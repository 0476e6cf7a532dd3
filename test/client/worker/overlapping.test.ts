import type { Session } from '../../../client/access/session.js'
import { WORKER_CALLS_MAX } from '../../../client/limits.js'
import { Either, outcomeOf, THREADS } from './either.js'
import { arrive, ID, type Shop } from './this-thread.js'

jest.mock('node:worker_threads', () => ({ ...jest.requireActual<object>('node:worker_threads'), isMainThread: false }))

jest.mock('../../../client/limits.js', () => ({
  ...jest.requireActual<object>('../../../client/limits.js'),
  WORKER_CALLS_MAX: 100,
}))

const REFUSED = -1
const noRefused = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      value === REFUSED ? { issues: [{ message: 'expected another number' }] } : { value: value as number },
  },
} as const

/** How an access leaves its session: each begins with `{ a: 1 }`, and `a` or `b` may be refused by their schema. */
type Work = (session: Session<Partial<Shop>, Shop>) => Promise<unknown[]>

describe.each(THREADS)('commits of an access that overlap (%s)', (kind) => {
  let either: Either
  beforeEach(() => {
    either = new Either(kind)
  })
  afterEach(() => either.close())

  /** The outcomes that the work returns, and what is stored when it ends well and when it fails. */
  async function resultsOf(work: Work): Promise<[outcomes: unknown[], ended: unknown, failed: unknown]> {
    const client = either.client({ schemas: { a: noRefused, b: noRefused } })
    const [ended, failed] = [ID, 'another id']
    let outcomes: unknown[] = []
    for (const id of [ended, failed]) {
      await either.finish(client.access(id, 'all', ({ state }) => void (state.a = 1)))
      const access = client.access(id, 'all', async (session) => {
        outcomes = await work(session as Session<Partial<Shop>, Shop>)
        if (id === failed) throw new Error('as the application says')
      })
      await either.finish(access.catch(() => {}))
    }
    return [outcomes, await either.stored(ended), await either.stored(failed)]
  }

  it('a later one that lands has what an earlier one was refused with', async () => {
    const work: Work = async (session) => {
      session.state.a = 2
      session.state.b = REFUSED
      const first = outcomeOf(session.commit())
      session.delete('b')
      return Promise.all([first, outcomeOf(session.commit())])
    }
    expect(await resultsOf(work)).toEqual([['SCHEMA_MISMATCH', undefined], { a: 2 }, { a: 2 }])
  })

  it('a later one is refused as well where the refused value is there still', async () => {
    const work: Work = async (session) => {
      session.state.b = REFUSED
      const first = outcomeOf(session.commit())
      session.state.a = 2
      const outcomes = await Promise.all([first, outcomeOf(session.commit())])
      session.state.b = 3
      return outcomes
    }
    expect(await resultsOf(work)).toEqual([['SCHEMA_MISMATCH', 'SCHEMA_MISMATCH'], { a: 2, b: 3 }, { a: 1 }])
  })

  it('a value that is set back while both are under way is stored', async () => {
    const work: Work = async (session) => {
      session.state.a = 2
      const first = outcomeOf(session.commit())
      session.state.a = 3
      const second = outcomeOf(session.commit())
      await first
      session.state.a = 2
      return [await first, await second]
    }
    expect(await resultsOf(work)).toEqual([[undefined, undefined], { a: 2 }, { a: 3 }])
  })

  it('the one in the middle may be refused, and the others land', async () => {
    const work: Work = async (session) => {
      const outcomes: Promise<unknown>[] = []
      for (const value of [2, REFUSED, 1]) {
        session.state.a = value
        outcomes.push(outcomeOf(session.commit()))
      }
      await Promise.all(outcomes)
      session.state.a = 2
      return Promise.all(outcomes)
    }
    expect(await resultsOf(work)).toEqual([[undefined, 'SCHEMA_MISMATCH', undefined], { a: 2 }, { a: 1 }])
  })

  it('refusals are no more under way: any number of them refuses nothing else', async () => {
    const client = either.client({ schemas: { a: noRefused } })
    const codes = new Set<unknown>()
    const access = client.access(ID, 'all', async (session) => {
      session.state.a = REFUSED
      for (let refused = 0; refused <= WORKER_CALLS_MAX; refused += WORKER_CALLS_MAX / 4) {
        const commits = Array.from({ length: WORKER_CALLS_MAX / 4 }, () => outcomeOf(session.commit()))
        for (const code of await Promise.all(commits)) codes.add(code)
      }
      session.state.a = 2
      await session.commit()
      await arrive()
    })
    await either.finish(access)
    expect([...codes]).toEqual(['SCHEMA_MISMATCH'])
    expect(await either.stored()).toEqual({ a: 2 })
  })
})
