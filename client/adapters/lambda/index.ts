/**
 * Handlers of Lambda: everything is committed and released before their result is returned.
 *
 * @module holdfast/lambda
 */

import type { Holdfast } from '../../holdfast-api.js'
import { checkKeys, checkWork, integer, invalid, type Keys } from '../../options/check.js'
import {
  INVOCATION_MARGIN_DEFAULT_MS,
  INVOCATION_MARGIN_MAX_MS,
  INVOCATION_MARGIN_MIN_MS,
  INVOCATION_MAX_MS,
  REQUEST_TIMEOUT_DEFAULT_MS,
} from '../limits.js'
import { Invocation, type InvocationHoldfast } from './invocation.js'

export type { InvocationHoldfast } from './invocation.js'

/** Options of {@link withHoldfast}. All times are milliseconds. */
export interface LambdaOptions {
  /**
   * So long before Lambda would end the invocation, no access waits for its locks any more. When half of it is left, all
   * accesses of the invocation are ended: their changes are discarded, their locks freed, and the invocation fails. It
   * must leave time for one commit and one message: 10 to 60,000 (a minute).
   * @default 500
   */
  readonly marginMs?: number
  /**
   * How long an access waits for its locks, unless it has a `timeoutMs` of its own. It never waits longer than the
   * invocation has time for. The client's own `timeoutMs` does not count here. 1 to 900,000 (15 minutes).
   * @default 10000
   */
  readonly timeoutMs?: number
}

/** The part of Lambda's context that is needed. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number
}

const KEYS: Keys<LambdaOptions> = { marginMs: true, timeoutMs: true }

/**
 * Makes the handler of a Lambda function from one that uses sessions. Everything of an invocation is committed and given
 * back to the store before its result is returned or its error thrown: a frozen process holds no lock, and keeps no
 * state that it could use after a thaw. The client is made once, outside of the handler, for all invocations. Inside Lambda
 * its messages go over HTTPS, unless its `transport` says otherwise: there is no connection that a freeze could cut.
 *
 * The handler gets a third argument: the client, for this invocation only. Accesses that it did not await are awaited.
 * Where one fails whose promise nobody has asked for its outcome, the invocation fails, also where it failed before the
 * handler returned: it is no unhandled rejection, which would end the process. Sessions of `open` that it did not close are disposed of, and their
 * changes discarded. The hazard: work that began with the client itself, not with the third argument, is not awaited.
 *
 * At the deadline (see `marginMs`) the invocation fails with an InvocationEndedError, whatever the handler does. What it
 * has left running is not stopped: give `holdfast.signal` to slow calls.
 *
 * Around a middy handler, not inside it: an early return of a middleware skips the `after` and `onError` of others.
 *
 * @throws {InvalidArgumentError} at once, for a wrong option or a handler that is no function; from the handler, for a call
 * without Lambda's context.
 * @example
 * const client = createHoldfast<Shop>({ namespace: 'shop' })
 * export const handler = withHoldfast(client, async (event: APIGatewayProxyEventV2, _context, holdfast) => {
 *   const count = await holdfast.access(idOf(event), { write: ['cart'] }, ({ state }) => addTo(state, event))
 *   return { statusCode: 200, body: String(count) }
 * })
 * @example
 * const app = middy<Event, Result, Error, Context & { holdfast: InvocationHoldfast<Shop> }>()
 *   .use(httpJsonBodyParser())
 *   .handler((event, { holdfast }) => addToCart(holdfast, event))
 * export const handler = withHoldfast(client, (event: Event, context: Context, holdfast) =>
 *   app(event, Object.assign(context, { holdfast })),
 * )
 */
export function withHoldfast<S extends object, Event, Result, Context extends InvocationContext = InvocationContext>(
  client: Holdfast<S>,
  handler: (event: Event, context: Context, holdfast: InvocationHoldfast<S>) => Result | Promise<Result>,
  options: LambdaOptions = {},
): (event: Event, context: Context) => Promise<Result> {
  checkWork(handler)
  checkKeys(options, KEYS, 'withHoldfast')
  const { marginMs = INVOCATION_MARGIN_DEFAULT_MS, timeoutMs = REQUEST_TIMEOUT_DEFAULT_MS } = options
  const times = {
    marginMs: integer('marginMs', marginMs, INVOCATION_MARGIN_MIN_MS, INVOCATION_MARGIN_MAX_MS),
    timeoutMs: integer('timeoutMs', timeoutMs, 1, INVOCATION_MAX_MS),
  }
  return async (event, context) => {
    if (typeof context?.getRemainingTimeInMillis !== 'function') {
      throw invalid('context', "the context of Lambda, with 'getRemainingTimeInMillis'", context)
    }
    const invocation = new Invocation(client, {
      ...times,
      remainingMs: Math.min(context.getRemainingTimeInMillis(), INVOCATION_MAX_MS),
    })
    return invocation.run(() => handler(event, context, invocation))
  }
}
