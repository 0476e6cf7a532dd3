import { STATE_TRIES_MAX } from '../../../client/limits.js'
import { attempt, explain, unreachable } from '../../../client/state/dynamodb-retry.js'
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
  ])('is sent again where the obstacle may pass: %s', async (_, error, mayHaveLanded) => {
    expect(await outcomeOf([error, 'done'])).toEqual({ ok: true, value: 'done', mayHaveLanded, tries: 2 })
  })

  test.each([
    ['refused for what it is', failed('ValidationException', 400)],
    ['a transaction that was cancelled for what it is', cancelled('ValidationError', 'TransactionConflict')],
    ['a transaction that was cancelled without a reason', cancelled()],
    ['a transaction that was cancelled for a condition alone', cancelled('ConditionalCheckFailed', undefined)],
    ['not sent for want of credentials', failed('CredentialsProviderError')],
  ])('is not sent again where it does not help: %s', async (_, error) => {
    expect(await outcomeOf([error, 'done'])).toEqual({ ok: false, error, mayHaveLanded: false, tries: 1 })
  })

  test('is given up after a bounded number of tries', async () => {
    const outcome = await outcomeOf([NO_ANSWER])
    expect(outcome).toEqual({ ok: false, error: NO_ANSWER, mayHaveLanded: true, tries: STATE_TRIES_MAX })
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
    [failed('CredentialsProviderError'), 'no AWS credentials were found'],
    [undefined, 'DynamoDB could not be reached or failed ()'],
  ])('that failed is explained: %s', (error, explanation) => {
    expect(explain(error)).toBe(explanation)
    expect(unreachable('cannot commit', error).message).toBe(`cannot commit: ${explanation}`)
  })
})
