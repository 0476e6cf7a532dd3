import { explain, unreachable } from '../../../client/state/dynamodb-retry.js'

/** An error as the AWS SDK throws it for an answer of DynamoDB's. */
const answered = (name: string, httpStatusCode = 400) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } })

describe('a request that DynamoDB did not serve', () => {
  test.each([
    ['UnrecognizedClientException', 'the AWS credentials are unknown in this region: check them, or get new ones'],
    ['InvalidSignatureException', "the request's signature is wrong: check the secret access key and the clock"],
    ['ExpiredTokenException', 'the AWS credentials have expired: get new ones'],
    ['ResourceNotFoundException', 'the sessions table does not exist: check sessionsTable and region'],
  ])('is explained in the words of the settings, and of no use to repeat: %s', (name, explanation) => {
    expect(explain(answered(name))).toBe(explanation)
    const error = unreachable('cannot read the session', answered(name))
    expect(error).toMatchObject({ code: 'UNREACHABLE', retryable: false, cause: { name } })
    expect(error.message).toBe(`cannot read the session: ${explanation}`)
  })

  test.each([
    ['throttled', answered('ThrottlingException')],
    ['failed inside DynamoDB', answered('InternalServerError', 500)],
    ['without an answer', Object.assign(new Error('reset'), { name: 'TimeoutError' })],
  ])('may be repeated later: %s', (_, error) => {
    expect(unreachable('cannot read the session', error)).toMatchObject({ retryable: true })
  })
})

test('a request for which there is no right is refused for good', () => {
  const error = unreachable('cannot read the session', answered('AccessDeniedException'))
  const problem = 'these credentials may not use the sessions table, or this namespace of it: see grants.connect'
  expect(error).toMatchObject({ code: 'REFUSED', reason: 'FORBIDDEN', retryable: false, effect: 'none' })
  expect(error.message).toBe(`the store refused the request (FORBIDDEN): cannot read the session: ${problem}`)
  expect(error.cause).toMatchObject({ name: 'AccessDeniedException' })
})
