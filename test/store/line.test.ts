import { ForeignAnswerError, NotSentError } from '../../protocol/dynamodb.js'
import { Requests } from '../../store/requests.js'

/** A command whose request goes as far as a test says, without the AWS SDK. */
function commandOf(request: object) {
  let hand: (args: object) => Promise<unknown> = async () => undefined
  const added: object[] = []
  const middlewareStack = {
    add(track: (next: (args: object) => Promise<unknown>) => typeof hand, options: object) {
      added.push(options)
      hand = track(async () => undefined)
    },
  }
  return { command: { middlewareStack } as never, sent: () => hand({ request }), added }
}
const HEADERS = {}
const failing = (error: unknown) => async () => {
  throw error
}
const turns = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

describe('the line of requests', () => {
  let requests: Requests
  let begun: string[]
  let ends: Map<string, () => void>
  beforeEach(() => {
    requests = new Requests({ timeoutMs: 60_000, requestsMax: 1 })
    begun = []
    ends = new Map()
  })
  const send = (name: string, signal?: AbortSignal) => {
    const request = () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
    }
    return requests.send(commandOf({}).command, request, signal).catch((error: Error) => error)
  }

  test('begins the next one when one has ended, and no sooner', async () => {
    const all = ['a', 'b', 'c'].map((name) => send(name))
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await turns()
      expect(begun).toEqual(['a', 'b', 'c'].slice(0, index + 1))
      ends.get(name)?.()
    }
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
  })

  test('passes over those that the same signal ends', async () => {
    const aborter = new AbortController()
    const ended = ['a', 'b', 'c'].map((name) => send(name, aborter.signal))
    const last = send('d')
    await turns()
    const reason = new Error('not needed')
    aborter.abort(reason)
    for (const error of await Promise.all(ended)) expect(error).toMatchObject({ cause: reason })
    ends.get('d')?.()
    expect(await last).toBe('d')
    expect(begun).toEqual(['a', 'd'])
  })

  test('goes on after one whose outcome comes when it was given up already', async () => {
    const aborter = new AbortController()
    const given = send('a', aborter.signal)
    await turns()
    aborter.abort(new Error('not needed'))
    await given
    const [second, third] = [send('b'), send('c')]
    ends.get('a')?.()
    await turns()
    expect(begun).toEqual(['a', 'b'])
    ends.get('b')?.()
    await second
    await turns()
    ends.get('c')?.()
    expect([await second, await third]).toEqual(['b', 'c'])
  })

  test('begins nothing more once it is closed', async () => {
    const waiting = [send('a'), send('b')]
    await turns()
    const reason = new Error('closed')
    requests.close(reason)
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ cause: reason })
    expect(await send('c')).toMatchObject({ name: 'NotSentError', cause: reason })
    expect(begun).toEqual(['a'])
  })
})

describe('a request that failed', () => {
  const requests = new Requests({ timeoutMs: 60_000, requestsMax: 9 })
  /** The error of a request that had come to an open connection. */
  const errorOf = (error: unknown, request: object = { headers: HEADERS, hostname: 'here', port: 8000 }) => {
    const { command, sent } = commandOf(request)
    return requests
      .send(command, async () => {
        await sent()
        throw error
      })
      .catch((failed: unknown) => failed)
  }

  test('is watched in the last step before the connection', async () => {
    const { command, added } = commandOf({})
    await requests.send(command, async () => undefined)
    expect(added).toEqual([{ step: 'deserialize', priority: 'low', name: 'trackRequest' }])
  })

  test('before it was sent has not landed, whatever was thrown', async () => {
    for (const cause of [new Error('no'), undefined, 5]) {
      const failed = await requests.send(commandOf({}).command, failing(cause)).catch((error: unknown) => error)
      expect(failed).toBeInstanceOf(NotSentError)
      expect(failed).toMatchObject({ cause, host: undefined })
    }
  })

  test('names the host, with its port where it has one', async () => {
    const foreign = { name: 'Unknown', $metadata: { httpStatusCode: 502 } }
    const problem = (host: string) => `${host} answered with status 502, and not as DynamoDB does`
    expect(await errorOf(foreign)).toMatchObject({ name: 'ForeignAnswerError', message: problem('here:8000') })
    expect(await errorOf(foreign, { headers: HEADERS, hostname: 'here' })).toMatchObject({ message: problem('here') })
    expect(await errorOf({ ...foreign, name: 'SyntaxError' })).toBeInstanceOf(ForeignAnswerError)
  })

  test.each([
    ['an error of DynamoDB', { name: 'X', $fault: 'server', code: 'X', $metadata: { httpStatusCode: 500 } }],
    ['an error of another name with a status', { name: 'Other', $metadata: { httpStatusCode: 502 } }],
    ['an error without a status', { name: 'Unknown', code: 'X', $metadata: {} }],
    ['an error of the connection', { name: 'Error', code: 'ECONNRESET' }],
    ['no error', undefined],
    ['null', null],
  ])('after it was sent stays what it is: %s', async (_what, error) => {
    expect(await errorOf(error)).toBe(error)
  })

  test('in the body of its answer has no status any more', async () => {
    const error = await errorOf({ name: 'Error', code: 'ECONNRESET', $metadata: { httpStatusCode: 400 } })
    expect(error).toMatchObject({ name: 'ECONNRESET', code: 'ECONNRESET', message: 'the answer broke off' })
    expect(error).not.toHaveProperty('$metadata')
  })
})
