import { CommitUnknownError, type Holdfast, RefusedError, UnreachableError } from '../../client/index.js'
import type { LocalStack } from '../../local/index.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { SHORT_ENVIRONMENT } from './timing.js'

interface Counter {
  count: number
  name: string
}

describe('when DynamoDB answers badly or not at all', () => {
  const undo: (() => void)[] = []
  afterEach(() => {
    for (const end of undo.splice(0)) end()
  })
  const suite = new LocalStackSuite<Counter>({ environment: SHORT_ENVIRONMENT })

  const increment = (holdfast: Holdfast<Counter>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => {
      state.count = (state.count ?? 0) + 1
      return state.count
    })
  const isState = ({ target }: { readonly target: string }) => target === suite.stack.config.sessionsTable
  const inject = (faults: Parameters<LocalStack['dynamodb']['inject']>[0]) => {
    const end = suite.stack.dynamodb.inject(faults)
    undo.push(end)
    return end
  }

  it('a commit whose answer is lost is found again by its commitId, and counts once', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'lost answer')
    let lost = 0
    inject({
      afterForward: (request) => {
        if (!isState(request) || lost === 2) return undefined
        lost += 1
        return 'drop'
      },
    })
    expect(await increment(holdfast, 'lost answer')).toBe(2)
    expect(lost).toBe(2)
    expect((await holdfast.peek('lost answer'))?.state.count).toBe(2)
    expect(await increment(holdfast, 'lost answer')).toBe(3)
  }, 60_000)

  it('a claim whose answer is lost is found again, too', async () => {
    const [first, second] = [suite.client(), suite.client()]
    await increment(first, 'lost claim')
    let lost = 0
    inject({
      afterForward: (request) => {
        if (!isState(request) || request.operation !== 'UpdateItem' || lost === 1) return undefined
        lost += 1
        return 'drop'
      },
    })
    expect(await increment(second, 'lost claim')).toBe(2)
  }, 60_000)

  it('a commit whose every answer is lost fails as unknown, and with it whoever saw its values', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'never answered')
    const end = inject({ afterForward: (request) => (isState(request) ? 'drop' : undefined) })
    const commit = increment(holdfast, 'never answered')
    commit.catch(() => {})
    const reader = holdfast.access('never answered', { read: ['count'] }, ({ state }) => state.count)
    await expect(commit).rejects.toBeInstanceOf(CommitUnknownError)
    await expect(commit).rejects.toMatchObject({ effect: 'unknown', code: 'COMMIT_UNKNOWN' })
    await expect(reader).rejects.toMatchObject({ code: 'COMMIT_UNKNOWN' })
    end()
    expect(await holdfast.access('never answered', { read: ['count'] }, ({ state }) => state.count)).toBe(2)
  }, 60_000)

  it('a commit that DynamoDB refuses has no effect, and the session is read anew', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'refused')
    const end = inject({
      beforeForward: (request) => (isState(request) ? { refuse: 'AccessDeniedException' } : undefined),
    })
    const refused = increment(holdfast, 'refused')
    await expect(refused).rejects.toMatchObject({ effect: 'none' })
    end()
    expect(await increment(holdfast, 'refused')).toBe(2)
  }, 60_000)

  it('a throttled commit is tried again', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'throttled')
    let throttled = 0
    inject({
      beforeForward: (request) => {
        if (!isState(request) || throttled === 2) return undefined
        throttled += 1
        return { refuse: 'ProvisionedThroughputExceededException' }
      },
    })
    expect(await increment(holdfast, 'throttled')).toBe(2)
    expect(throttled).toBe(2)
  }, 60_000)

  it('a request that hangs is given up and tried again', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'hanging')
    let hung = 0
    inject({
      beforeForward: (request) => {
        if (!isState(request) || hung === 1) return undefined
        hung += 1
        return new Promise(() => {})
      },
    })
    expect(await increment(holdfast, 'hanging')).toBe(2)
    expect(hung).toBe(1)
  }, 60_000)

  it('an access that throws commits nothing, not even what it changed before', async () => {
    const holdfast = suite.client()
    await increment(holdfast, 'thrown')
    const problem = new Error('the work failed')
    const thrown = holdfast.access('thrown', 'all', ({ state }) => {
      state.count = 99
      state.name = 'nobody'
      throw problem
    })
    await expect(thrown).rejects.toBe(problem)
    expect(await holdfast.access('thrown', 'all', ({ state }) => ({ ...state }))).toEqual({ count: 1 })
  }, 60_000)

  it.each<
    [
      string,
      { readonly url?: string; readonly sessionsTable?: string },
      typeof UnreachableError | typeof RefusedError,
      RegExp,
    ]
  >([
    ['a server that is not there', { url: 'ws://127.0.0.1:9/live' }, UnreachableError, /cannot reach 127\.0\.0\.1:9/],
    ['a wrong path', { url: 'STACK/wrong' }, UnreachableError, /refused the connection with status 403/],
    [
      'a table that does not exist',
      { sessionsTable: 'no-such-table' },
      RefusedError,
      /does not exist|may not use|FORBIDDEN/,
    ],
  ])(
    'names what was wrong: %s',
    async (_what, wrong, type, message) => {
      const url = wrong.url?.replace('STACK', new URL(suite.stack.config.url).origin.replace('http', 'ws'))
      const config = { ...suite.stack.config, ...wrong, ...(url === undefined ? {} : { url }) }
      const holdfast = suite.client({ config, timeoutMs: 2_000 })
      const failed = increment(holdfast, 'unreachable')
      await expect(failed).rejects.toBeInstanceOf(type)
      await expect(failed).rejects.toThrow(message)
      await expect(failed).rejects.toMatchObject({ effect: 'none' })
    },
    60_000,
  )

  it('names wrong credentials', async () => {
    const credentials = { ...suite.stack.credentials, secretAccessKey: 'wrong' }
    const holdfast = suite.client({ credentials, timeoutMs: 5_000 })
    await expect(increment(holdfast, 'credentials')).rejects.toThrow(
      /status 403 \(InvalidSignatureException\)\. Check .* the credentials/,
    )
  }, 60_000)
})
