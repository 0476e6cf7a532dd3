/**
 * The quotas of AWS that bound a store, as AWS documents them; read on 2026-11-29. What no document says is marked
 * *assumed*: docs/internals/testing.md lists it, to be looked at in the first deployment.
 */

/** A token bucket: so many at once, and so many more each second. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/**
 * Requests to all APIs of an account in one region: messages, connects, and pushes to connections ("WebSocket callback
 * APIs"). In 13 regions, such as Milan, Zurich and Spain, it is 2,500 and 1,250.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
 *
 * Assumed: that a connect and a push take one token each as a message does, and a `$disconnect` none.
 */
export const ACCOUNT_RATE: Rate = { perSecond: 10_000, burst: 5_000 }

/**
 * New connections of an account in one region.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
 *
 * Assumed: that it is a token bucket too, that its burst is what it gives in a second, that one which is refused takes no
 * token, and that a refused one is answered with 429.
 */
export const CONNECTION_RATE: Rate = { perSecond: 500, burst: 500 }

/**
 * Invocations of all functions of an account in one region that run at once. New accounts may have less.
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 *
 * Assumed: that API Gateway answers a message whose invocation Lambda throttles as one whose function fails. Left out: that
 * a function gains at most 1,000 environments every 10 s.
 * https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html
 */
export const CONCURRENCY = 1_000

/**
 * What a new table with on-demand capacity takes, in request units. It grows with its traffic, up to 40,000 of each.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
 *
 * Assumed: that its burst is what it takes in a second. Left out: the bounds of one partition, 1,000 writes and 3,000 reads a
 * second, which bound a single session, too.
 */
export const TABLE_WRITE_RATE: Rate = { perSecond: 4_000, burst: 4_000 }
export const TABLE_READ_RATE: Rate = { perSecond: 12_000, burst: 12_000 }

/**
 * How long it takes until a change of IAM is known everywhere, at most. AWS documents that changes spread in time, and no
 * number: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 * So nothing spreads by default.
 *
 * Assumed: that a key which is not known yet is refused as one that there is not (`UnrecognizedClientException`), and a
 * right as one that is missing (`AccessDeniedException`); that API Gateway answers both with 403; and that all services
 * learn of it at once.
 */
export const IAM_SPREAD_MS_MAX = 10 * 60_000

/**
 * The throttle of the stage is the template's own: https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-protect.html
 * It is a token bucket, and a target rather than a ceiling.
 *
 * Assumed: that the default of a stage is one bucket for all routes without a throttle of their own, `$connect` among them;
 * that pushes do not count; that a message which is throttled is answered by a frame of the gateway, in the form of its
 * frame for a function that fails, with these words; and that the connection stays open.
 */
export const MESSAGE_THROTTLED = 'Too Many Requests'

/** Of a push: https://docs.aws.amazon.com/apigatewaymanagementapi/latest/APIReference/API_connections_connectionId.html */
export const PUSH_THROTTLED = 'LimitExceededException'
