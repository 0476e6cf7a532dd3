/** Every bound of the functions beyond those of the protocol. Each holds for one environment of a function. */

/** Connections whose process is remembered. The one that was learned longest ago is forgotten first. */
export const REMEMBERED_CONNECTIONS_MAX = 10_000
/** Senders whose messages are counted. The one that has been silent longest is forgotten first, and starts afresh. */
export const COUNTED_SENDERS_MAX = 10_000

/** A push is tried once, for so long: the record decides, and nudges repeat what was lost. */
export const PUSH_TIMEOUT_MS = 2_000
/** Management endpoints with a client of their own. A deployment has one; a changed domain name makes it two. */
export const PUSH_ENDPOINTS_MAX = 16
export const DYNAMODB_ATTEMPTS_MAX = 3
/** A request to DynamoDB that hangs must leave time for another before the client's own patience ends. */
export const DYNAMODB_TIMEOUT_MS = 1_000
