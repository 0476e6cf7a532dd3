/** The bounds of the functions, beyond those of the protocol. Each holds for one environment of a function. */

/** Connections whose process is remembered. The connection that was learned longest ago is forgotten first. */
export const REMEMBERED_CONNECTIONS_MAX = 10_000
/** Processes of which the address and the lease are remembered. The one that was read longest ago is forgotten first. */
export const REMEMBERED_PROCESSES_MAX = 10_000
/**
 * Senders whose messages are counted. The sender that was silent longest is forgotten first; its count starts again.
 */
export const COUNTED_SENDERS_MAX = 10_000

/**
 * How long an environment goes by the incarnation that it has read. All processes have heard of a new one within this time
 * and one period of renewals.
 */
export const INCARNATION_REMEMBERED_MS = 10_000

/** Management endpoints with a client of their own. A deployment has one; a changed domain name makes it two. */
export const PUSH_ENDPOINTS_MAX = 16

/**
 * The time of one message: all requests and pushes that a function makes for it, with all their tries, end within this
 * share of `roundTripMs`. The rest is for the network, the gateway and Lambda itself, there and back.
 */
export const MESSAGE_TIME_SHARE = 0.8
/** The time is at most this, for any `roundTripMs`: Lambda ends a function after 10 s, with all that it was doing. */
export const MESSAGE_TIME_MAX_MS = 8_000
/** The longest time of one try of a push. It is tried once: the lock record decides, and nudges repeat lost pushes. */
export const PUSH_TIMEOUT_MS = 1_000
/** The longest time of one try of a DynamoDB request, so that by default another one has as much time. */
export const DYNAMODB_TIMEOUT_MS = 900
export const DYNAMODB_TRIES_MAX = 3
/** A pause before the next try: a random time up to this, doubled with each try. */
export const DYNAMODB_RETRY_MS = 25
/** Requests, and pushes, of one environment under way at once: more than one message ever makes. */
export const REQUESTS_MAX = 50
