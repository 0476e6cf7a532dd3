import type { Clock } from '../../client/ports.js'
import { attempt, explain } from '../../client/state/dynamodb-retry.js'
import type { Update } from '../../protocol/dynamodb.js'
import { num, str } from '../../protocol/dynamodb.js'
import type { DynamoDbStore } from '../../store/dynamodb.js'
import { type Answer, startWireStand } from './wire-stand.js'

/** DynamoDB's answers to transactions that DynamoDB Local never gives, on the wire. */

interface Reason {
  readonly Code: string
  readonly Item?: object
}

const NONE: Reason = { Code: 'None' }
const FAILED: Reason = { Code: 'ConditionalCheckFailed', Item: { pk: str('a'), n: num(1) } }
const CONFLICT: Reason = { Code: 'TransactionConflict' }
const cancelled = (...CancellationReasons: readonly Reason[]) => ({
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException', CancellationReasons },
})
const failure = (type: string, status = 400) => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: type },
})
const DONE = { status: 200, body: {} }

const raise = (key: string): Update => ({
  table: 'sessions',
  key,
  condition: 'n = :n',
  update: 'SET n = :n',
  values: { ':n': num(1) },
  returns: 'none',
})
const BOTH = [raise('a'), raise('b')]

/** Every pause is over at once. */
const clock: Clock = {
  wallMs: () => 0,
  monotonicMs: () => 0,
  after: (_ms, fire) => {
    queueMicrotask(fire)
    return { cancel: () => {} }
  },
}
const randomness = { token: () => '', fraction: () => 0.5 }

let store: DynamoDbStore
let stop: () => void
let answers: Answer[] = []
let requests: { readonly ClientRequestToken?: string }[] = []

beforeAll(async () => {
  const stand = await startWireStand((_operation, body) => {
    requests.push(body as { readonly ClientRequestToken?: string })
    return answers.shift() ?? failure('NoAnswerWasPrepared')
  })
  store = stand.store
  stop = stand.stop
})
beforeEach(() => {
  answers = []
  requests = []
})
afterAll(() => stop())

/** The outcome of the client's retries for these answers to one transaction after the other. */
async function attemptOn(...given: readonly Answer[]) {
  answers = [...given]
  const tried = await attempt(
    () => store.transact(BOTH),
    clock,
    randomness,
    () => true,
  )
  return { ...tried, tries: requests.length, left: answers.length }
}

describe('a cancelled transaction', () => {
  test('is an outcome where conditions failed and nothing else stood in the way', async () => {
    answers = [cancelled(FAILED, NONE), cancelled({ Code: 'ConditionalCheckFailed' }, FAILED)]
    const item = { pk: str('a'), n: num(1) }
    expect(await store.transact(BOTH)).toEqual({ applied: false, items: [item, undefined] })
    expect(await store.transact(BOTH)).toEqual({ applied: false, items: [undefined, item] })
  })

  test.each([
    ['TransactionConflict'],
    ['ThrottlingError'],
    ['ProvisionedThroughputExceeded'],
    ['ValidationError'],
    ['ItemCollectionSizeLimitExceeded'],
    ['SomethingNew'],
  ])('is an error for the reason %s, also beside a failed condition', async (Code) => {
    answers = [cancelled(NONE, { Code }), cancelled(FAILED, { Code })]
    const error = { name: 'TransactionCanceledException' }
    await expect(store.transact(BOTH)).rejects.toMatchObject(error)
    await expect(store.transact(BOTH)).rejects.toMatchObject(error)
  })

  test('is an error where it says no reason', async () => {
    answers = [cancelled(), cancelled(NONE, NONE)]
    await expect(store.transact(BOTH)).rejects.toMatchObject({ name: 'TransactionCanceledException' })
    await expect(store.transact(BOTH)).rejects.toMatchObject({ name: 'TransactionCanceledException' })
  })

  test('has a token of its own for every call, so that none is answered for an earlier one', async () => {
    answers = [DONE, DONE]
    await store.transact(BOTH)
    await store.transact(BOTH)
    const tokens = requests.map(({ ClientRequestToken }) => ClientRequestToken)
    expect(tokens.every((token) => typeof token === 'string')).toBe(true)
    expect(new Set(tokens).size).toBe(2)
  })
})

describe('the client tries a transaction', () => {
  test.each([
    ['conflicted with another', cancelled(NONE, CONFLICT)],
    ['conflicted while a condition failed', cancelled(FAILED, CONFLICT)],
    ['was throttled', cancelled({ Code: 'ThrottlingError' }, NONE)],
    ['went beyond the throughput', cancelled({ Code: 'ProvisionedThroughputExceeded' }, CONFLICT)],
    ['was throttled as a whole', failure('ThrottlingException')],
  ])('again when it %s, and knows that it had not landed', async (_why, answer) => {
    expect(await attemptOn(answer, answer, DONE)).toEqual({
      ok: true,
      value: { applied: true },
      mayHaveLanded: false,
      tries: 3,
      left: 0,
    })
  })

  test.each([
    ['is wrong', cancelled({ Code: 'ValidationError' }, NONE)],
    ['is wrong and conflicts', cancelled({ Code: 'ValidationError' }, CONFLICT)],
    ['would make a collection too large', cancelled({ Code: 'ItemCollectionSizeLimitExceeded' }, NONE)],
    ['was cancelled without a reason', cancelled()],
    ['is wrong as a whole', failure('ValidationException')],
  ])('once only when it %s, and knows that it has not landed', async (_why, answer) => {
    expect(await attemptOn(answer, DONE)).toMatchObject({ ok: false, mayHaveLanded: false, tries: 1, left: 1 })
  })

  test('again after an answer that tells nothing, and does not forget that it may have landed', async () => {
    const outcome = { applied: false, items: [undefined, { pk: str('a'), n: num(1) }] }
    for (const lost of [failure('InternalServerError', 500), failure('TransactionInProgressException')]) {
      requests = []
      expect(await attemptOn(lost, cancelled(NONE, CONFLICT), cancelled(NONE, FAILED))).toEqual({
        ok: true,
        value: outcome,
        mayHaveLanded: true,
        tries: 3,
        left: 0,
      })
    }
  })

  test('a bounded number of times, and says what stood in the way', async () => {
    const always = (answer: Answer) => attemptOn(...Array.from({ length: 9 }, () => answer))
    const conflicting = await always(cancelled(NONE, CONFLICT))
    expect(conflicting).toMatchObject({ ok: false, mayHaveLanded: false, tries: 5 })
    expect(conflicting.ok || explain(conflicting.error)).toMatch(/transactions .* conflicting/)
    const throttled = await always(cancelled({ Code: 'ThrottlingError' }, NONE))
    expect(throttled.ok || explain(throttled.error)).toMatch(/throttled/)
    const wrong = await always(cancelled({ Code: 'ValidationError' }, NONE))
    expect(wrong.ok || explain(wrong.error)).toMatch(/ValidationError/)
  })
})

test('an update of its own that a transaction stood in the way of is tried again', async () => {
  answers = [failure('TransactionConflictException'), DONE]
  const tried = await attempt(
    () => store.update(raise('a')),
    clock,
    randomness,
    () => true,
  )
  expect(tried).toMatchObject({ ok: true, mayHaveLanded: false })
  expect(requests).toHaveLength(2)
})
