import { problemOf } from '../../../../client/adapters/common/index.js'
import * as errors from '../../../../client/errors/index.js'
import { oneOfEach } from '../../errors/each.js'

const ANSWERS: { readonly [code: string]: readonly [status: number, inBody: number, type: string] } = {
  WAIT_TIMEOUT: [503, 503, 'session-busy'],
  REFUSED: [503, 503, 'session-busy'],
  CLOSED: [503, 503, 'session-busy'],
  SESSION_REPLACED: [409, 409, 'session-replaced'],
  SESSION_MISSING: [409, 409, 'session-replaced'],
  SESSION_CHANGED: [409, 409, 'session-changed'],
}

test.each(oneOfEach(errors).map((error) => [error.code, error] as const))('the answer to %s', (code, error) => {
  const problem = problemOf(error)
  const { status, type, title } = JSON.parse(problem?.body ?? '{}')
  expect([problem?.status, status, type]).toEqual(ANSWERS[code] ?? [undefined, undefined, undefined])
  expect(typeof title).toBe(problem === undefined ? 'undefined' : 'string')
})

test.each([
  ['a store that cannot be reached', new errors.UnreachableError('cut'), 503],
  ['a store that a setting makes unreachable', new errors.UnreachableError('denied', undefined, false), undefined],
  ['a queue that is full here', new errors.RefusedError('LOCAL_QUEUE_FULL', 'full', true), 503],
  ['a store that failed', new errors.RefusedError('INTERNAL', 'failed', false), undefined],
  ['another error', new Error('wrong'), undefined],
  ['no error', undefined, undefined],
])('the answer to %s', (_what, error, status) => {
  expect(problemOf(error)?.status).toBe(status)
})

test('an answer is not cached, and says when to repeat a request for a busy session', () => {
  const common = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
  expect(problemOf(new errors.ClosedError())?.headers).toEqual({ ...common, 'retry-after': '1' })
  expect(problemOf(new errors.SessionReplacedError('rotated'))?.headers).toEqual(common)
})

test('an answer shows nothing of the error', () => {
  const error = new errors.WaitTimeoutError({ waitedMs: 5, behind: 1, heldMs: 7, holder: 'a-holder' })
  expect(problemOf(error)?.body).not.toContain('a-holder')
  expect(problemOf(new errors.SessionChangedError(['attribute0815']))?.body).not.toContain('attribute0815')
})
