/** The bounds of the adapters. Times are milliseconds. Those of the client itself are in client/limits.ts. */

/** For so long a request that finds its session destroyed or rotated is told so: it may have been under way then. */
export const REPLACED_FOR_MS = 30_000

/** How long a request waits for its session unless `timeoutMs` says otherwise: a browser's user waits no longer. */
export const REQUEST_TIMEOUT_DEFAULT_MS = 10_000
/** A request that has not ended by then loses its session: sooner than the store takes it away after `maxBusyMs`. */
export const MAX_HOLD_DEFAULT_MS = 25_000
/** The same after its client has gone away: time to end work that is worth ending. */
export const GRACE_DEFAULT_MS = 5_000
/** Requests of one process that wait for one session: more than a browser sends for a page. */
export const WAITING_DEFAULT = 50
export const WAITING_MAX = 10_000
/** A request without a lock that extends a life waits no longer: the holder of the session extends it, too. */
export const TOUCH_WAIT_MS = 1_000
/** A lifetime that is shorter than the stored one by no more is the stored one: see cookie-record.ts. */
export const MAX_AGE_DRIFT_MS = 50
/** Seconds after which a client may repeat a request that found its session busy. */
export const RETRY_AFTER_SECONDS = 1

/** The time before the end of a Lambda invocation in which nothing waits any more: a commit and a release take 50. */
export const INVOCATION_MARGIN_DEFAULT_MS = 500
/** Less is not enough for one message to the store. */
export const INVOCATION_MARGIN_MIN_MS = 10
export const INVOCATION_MARGIN_MAX_MS = 60_000
/** The longest time that Lambda gives an invocation. */
export const INVOCATION_MAX_MS = 15 * 60_000

/** A secret that signs cookies has as many bytes as its HMAC-SHA256 gives: nobody guesses it. */
export const SECRET_BYTES_MIN = 32
/** An id of a session is 256 random bits, as those that the client makes. */
export const ID_BYTES = 32
/** Kinds of requests that are warned of because of `maxHoldMs`; more than an application has routes. */
export const OVERSTAYS_TOLD_MAX = 1_000
