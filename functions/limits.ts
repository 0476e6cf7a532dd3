/** The bounds of the functions, beyond those of the protocol. Each holds for one environment of a function. */

/** Connections whose process is remembered. The connection that was learned longest ago is forgotten first. */
export const REMEMBERED_CONNECTIONS_MAX = 10_000
/**
 * Senders whose messages are counted. The sender that was silent longest is forgotten first; its count starts again.
 */
export const COUNTED_SENDERS_MAX = 10_000

/** The longest time of a push. It is tried once: the lock record decides, and nudges repeat lost pushes. */
export const PUSH_TIMEOUT_MS = 2_000
/** Management endpoints with a client of their own. A deployment has one; a changed domain name makes it two. */
export const PUSH_ENDPOINTS_MAX = 16
export const DYNAMODB_ATTEMPTS_MAX = 3
/** A request to DynamoDB that hangs must end early enough for another one, before the client stops waiting. */
export const DYNAMODB_TIMEOUT_MS = 1_000
