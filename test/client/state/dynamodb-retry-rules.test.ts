import { ClosedError } from '../../../client/errors/index.js'
import { SIGNATURE_TRIES_MAX, STATE_TRIES_MAX } from '../../../client/limits.js'
import { attempt, attemptUntil, explain, unreachable } from '../../../client/state/dynamodb-retry.js'
import { ForeignAnswerError, NotSentError } from '../../../protocol/dynamodb.js'
import { VirtualClock } from '../../support/world.js'

const failed = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })
const cancelled = (...codes: (string | undefined)[]) =>
  Object.assign(failed('TransactionCanceledException', 400), { CancellationReasons: codes.map((Code) => ({ Code })) })

const NO_ANSWER = failed('TimeoutError')
const randomness = { token: () => 'token', fraction: () => 1 }

/** Requests that end one after the other as they are given: an error fails, anything else is the answer. */
async function outcomeOf(outcomes: readonly unknown[], mayGoOn: () => boolean = () => true) {
  const clock = new VirtualClock()
  let tries = 0
  const trying = attempt(
    async () => {
      const outcome = outcomes[Math.min(tries, outcomes.length - 1)]
      tries += 1
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    clock,
    randomness,
    mayGoOn,
  )
  await clock.advance(60_000)
  return { ...(await trying), tries }
}

describe('a request to DynamoDB', () => {
  test.each([
    ['throttled', failed('ThrottlingException', 400), false],
    ['in conflict with a transaction', failed('TransactionConflictException', 400), false],
    ['a transaction in conflict with another', cancelled('None', 'TransactionConflict'), false],
    [
      'a transaction in conflict beside a failed condition',
      cancelled('ConditionalCheckFailed', 'ThrottlingError'),
      false,
    ],
    ['without an answer', NO_ANSWER, true],
    ['failed inside DynamoDB', failed('InternalServerError', 500), true],
    ['an earlier copy of which is under way', failed('TransactionInProgressException', 400), true],
    ['not sent, for whatever reason', new NotSentError(failed('ValidationException', 400)), false],
    ['not sent, without a reason', new NotSentError(undefined), false],
    ['with a signature that is refused', failed('InvalidSignatureException', 400), false],
    ['with a signature of another time', failed('RequestTimeTooSkewed', 403), false],
    ['with credentials that have expired', failed('ExpiredTokenException', 400), false],
    ['with credentials that are not known yet', failed('UnrecognizedClientException', 400), false],
  ])('is sent again where the obstacle may pass: %s', async (_, error, mayHaveLanded) => {
    expect(await outcomeOf([error, 'done'])).toEqual({ ok: true, value: 'done', mayHaveLanded, tries: 2 })
  })

  test.each([
    ['refused for what it is', failed('ValidationException', 400)],
    ['a transaction that was cancelled for what it is', cancelled('ValidationError', 'TransactionConflict')],
    ['a transaction that was cancelled without a reason', cancelled()],
    ['a transaction that was cancelled for a condition alone', cancelled('ConditionalCheckFailed', undefined)],
    ['refused for a right that is missing', failed('AccessDeniedException', 400)],
  ])('is not sent again where it does not help: %s', async (_, error) => {
    expect(await outcomeOf([error, 'done'])).toEqual({ ok: false, error, mayHaveLanded: false, tries: 1 })
  })

  test('is given up after a bounded number of tries', async () => {
    const outcome = await outcomeOf([NO_ANSWER])
    expect(outcome).toEqual({ ok: false, error: NO_ANSWER, mayHaveLanded: true, tries: STATE_TRIES_MAX })
  })

  test('whose signature goes on being refused is given up sooner', async () => {
    const error = failed('InvalidSignatureException', 400)
    const refused = { ok: false, error, mayHaveLanded: false, tries: SIGNATURE_TRIES_MAX }
    expect(await outcomeOf([error])).toEqual(refused)
    expect(SIGNATURE_TRIES_MAX).toBeLessThan(STATE_TRIES_MAX)
  })

  test('of a closed client is not sent again, whether it was sent or not', async () => {
    const closed = new ClosedError()
    expect(await outcomeOf([closed, 'done'])).toEqual({ ok: false, error: closed, mayHaveLanded: true, tries: 1 })
    const unsent = new NotSentError(closed)
    expect(await outcomeOf([unsent, 'done'])).toEqual({ ok: false, error: unsent, mayHaveLanded: false, tries: 1 })
    expect(unreachable('cannot read', unsent)).toBe(closed)
  })

  test('that may have landed once fails with the reason itself when a later try is not sent', async () => {
    const reason = failed('CredentialsProviderError')
    const outcome = await outcomeOf([NO_ANSWER, new NotSentError(reason)])
    expect(outcome).toEqual({ ok: false, error: reason, mayHaveLanded: true, tries: STATE_TRIES_MAX })
  })

  test('that may have landed once may have landed whatever comes after', async () => {
    const refused = failed('ValidationException', 400)
    expect(await outcomeOf([NO_ANSWER, refused])).toMatchObject({ error: refused, mayHaveLanded: true, tries: 2 })
  })

  test('is not sent again when it may not go on, before the pause or after it', async () => {
    expect(await outcomeOf([NO_ANSWER, 'done'], () => false)).toMatchObject({ ok: false, tries: 1 })
    const answers = [true, false]
    expect(await outcomeOf([NO_ANSWER, 'done'], () => answers.shift() === true)).toMatchObject({ ok: false, tries: 1 })
  })

  test.each([
    [failed('ThrottlingException', 400), 'DynamoDB throttled the request'],
    [cancelled('None', 'TransactionConflict'), 'transactions on the same session kept conflicting with it'],
    [cancelled('ValidationError'), 'DynamoDB could not be reached or failed (ValidationError)'],
    [new NotSentError(failed('CredentialsProviderError')), 'no AWS credentials: CredentialsProviderError'],
    [new NotSentError(NO_ANSWER), 'the request waited too long for AWS credentials, a connection or other requests'],
    [new NotSentError(undefined), 'the request could not be sent ()'],
    [new NotSentError(Object.assign(new Error(), { code: 'ENOTFOUND' })), 'the request could not be sent (ENOTFOUND)'],
    [
      new NotSentError({ code: 'ECONNREFUSED' }, 'host:8000'),
      'the request could not be sent to host:8000 (ECONNREFUSED)',
    ],
    [new NotSentError(NO_ANSWER, 'host:8000'), 'no connection to host:8000 in time'],
    [
      new ForeignAnswerError('host:8000', 407),
      'host:8000 answered with status 407, and not as DynamoDB does: check dynamoDbEndpoint, the proxy and the network between',
    ],
    [failed('RequestTimeTooSkewed', 403), "the request's signature is of another time: check the clock"],
    [undefined, 'DynamoDB could not be reached or failed ()'],
  ])('that failed is explained: %s', (error, explanation) => {
    expect(explain(error)).toBe(explanation)
    expect(unreachable('cannot commit', error).message).toBe(`cannot commit: ${explanation}`)
  })
})

test.each([
  [407, { mayHaveLanded: false, tries: 1 }, false],
  [429, { mayHaveLanded: false, tries: STATE_TRIES_MAX }, true],
  [503, { mayHaveLanded: true, tries: STATE_TRIES_MAX }, true],
  [200, { mayHaveLanded: true, tries: STATE_TRIES_MAX }, true],
])(
  'an answer that is not of DynamoDB, with status %d, is a refusal or leaves the outcome open',
  async (status, outcome, retryable) => {
    const error = new ForeignAnswerError('host', status)
    expect(await outcomeOf([error])).toEqual({ ok: false, error, ...outcome })
    expect(unreachable('cannot read', error)).toMatchObject({ code: 'UNREACHABLE', retryable })
  },
)

describe('a read of DynamoDB', () => {
  const READ_MS = 10_000
  let clock: VirtualClock
  beforeEach(() => {
    clock = new VirtualClock()
  })
  const read = (request: (signal: AbortSignal) => Promise<unknown>, mayGoOn = () => true) =>
    attemptUntil(clock.monotonicMs() + READ_MS, request, clock, randomness, mayGoOn)

  test('that never ends is over at its deadline, and told so', async () => {
    let signal: AbortSignal | undefined
    const reading = read((given) => {
      signal = given
      return new Promise(() => {})
    })
    await clock.advance(READ_MS - 1)
    expect(signal?.aborted).toBe(false)
    await clock.advance(1)
    expect(await reading).toMatchObject({ ok: false, error: { name: 'TimeoutError', message: 'no answer in time' } })
    expect(signal?.aborted).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('goes on until its deadline, and fails with its last reason', async () => {
    const error = failed('ThrottlingException', 400)
    let tries = 0
    const reading = read(async () => {
      tries += 1
      throw error
    })
    await clock.advance(60_000)
    expect(await reading).toMatchObject({ ok: false, error })
    expect(tries).toBeGreaterThan(STATE_TRIES_MAX)
    expect(clock.pending).toBe(0)
  })

  test('leaves no timer behind when it succeeds, and is not repeated when nobody needs it', async () => {
    expect(await read(async () => 'found')).toEqual({ ok: true, value: 'found', mayHaveLanded: false })
    const failing = async () => {
      throw NO_ANSWER
    }
    expect(await read(failing, () => false)).toMatchObject({ ok: false, error: NO_ANSWER })
    expect(clock.pending).toBe(0)
  })
})
