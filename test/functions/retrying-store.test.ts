import { MessageTime, messageTimeMs } from '../../functions/lambda/message-time.js'
import { RetryingStore } from '../../functions/lambda/retrying-store.js'
import { DYNAMODB_TRIES_MAX, MESSAGE_TIME_MAX_MS, MESSAGE_TIME_SHARE } from '../../functions/limits.js'
import { type EndSignal, NotSentError, type Store } from '../../protocol/dynamodb.js'
import { compileTiming, DEFAULT_TIMING } from '../../protocol/timing.js'

const failed = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })

/** A store whose requests end one after the other as they are given: an error fails, anything else is the answer. */
function storeOf(outcomes: readonly unknown[]) {
  const signals: (EndSignal | undefined)[] = []
  const next = async (signal: EndSignal | undefined) => {
    const outcome = outcomes[Math.min(signals.length, outcomes.length - 1)]
    signals.push(signal)
    if (outcome instanceof Error) throw outcome
    return outcome as never
  }
  const store: Store = {
    update: (_update, signal) => next(signal),
    transact: (_updates, signal) => next(signal),
    get: (_table, _key, signal) => next(signal),
    remove: (_table, _key, signal) => next(signal),
  }
  return { store, signals }
}

describe("a function's request to DynamoDB", () => {
  const never = new AbortController().signal
  const UPDATE = { table: 'locks', key: 'k', condition: '', update: '', values: {}, returns: 'none' } as const
  const requests: [string, (store: Store) => Promise<unknown>][] = [
    ['update', (store) => store.update(UPDATE)],
    ['transact', (store) => store.transact([UPDATE])],
    ['get', (store) => store.get('locks', 'k')],
    ['remove', (store) => store.remove('locks', 'k')],
  ]

  test.each(requests)('is tried again, with the signal of its message: %s', async (_, request) => {
    const { store, signals } = storeOf([failed('TimeoutError'), 'done'])
    expect(await request(new RetryingStore(store, () => never))).toBe('done')
    expect(signals).toEqual([never, never])
  })

  test.each([
    ['throttled', failed('ThrottlingException', 400)],
    ['failed inside DynamoDB', failed('InternalServerError', 500)],
    ['out of service', failed('Unexpected', 507)],
    ['cut', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    ['not sent', new NotSentError(undefined)],
  ])('is tried again where the obstacle may pass: %s', async (_, error) => {
    const { store } = storeOf([error, 'done'])
    expect(await new RetryingStore(store, () => never).get('locks', 'k')).toBe('done')
  })

  test('is given up after a bounded number of tries, or at once where another is of no use', async () => {
    const timedOut = storeOf([failed('TimeoutError')])
    await expect(new RetryingStore(timedOut.store, () => never).get('locks', 'k')).rejects.toThrow('TimeoutError')
    expect(timedOut.signals).toHaveLength(DYNAMODB_TRIES_MAX)
    const refused = storeOf([failed('AccessDeniedException', 400)])
    await expect(new RetryingStore(refused.store, () => never).get('locks', 'k')).rejects.toThrow('AccessDenied')
    expect(refused.signals).toHaveLength(1)
  })

  test('is not tried again once the time of its message is over', async () => {
    const { store, signals } = storeOf([failed('TimeoutError')])
    const over = AbortSignal.abort(new Error('over'))
    await expect(new RetryingStore(store, () => over).get('locks', 'k')).rejects.toThrow('TimeoutError')
    expect(signals).toHaveLength(1)
  })
})

describe('the time of a message', () => {
  const ended = (signal: AbortSignal) =>
    new Promise<Error>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason as Error)))

  test('is a part of roundTripMs, and ends before Lambda ends the function', () => {
    expect(messageTimeMs(DEFAULT_TIMING)).toBe(MESSAGE_TIME_SHARE * DEFAULT_TIMING.roundTripMs)
    expect(messageTimeMs(compileTiming({ leaseMs: 120_000, roundTripMs: 60_000 }))).toBe(MESSAGE_TIME_MAX_MS)
  })

  test('ends while it is handled, and is told to its requests', async () => {
    const time = new MessageTime(20)
    const reason = await time.within(() => ended(time.signal))
    expect(reason).toMatchObject({ name: 'TimeoutError', message: 'the time for one message, 20 ms, is over' })
  })

  test('begins anew with each message, and ends for none that was handled in time', async () => {
    const time = new MessageTime(20)
    const first = await time.within(async () => time.signal)
    const failing = time.within(async () => {
      throw new Error('of the handler')
    })
    await expect(failing).rejects.toThrow('of the handler')
    await time.within(() => ended(time.signal))
    expect(first.aborted).toBe(false)
    expect(await time.within(async () => time.signal.aborted)).toBe(false)
  })
})
