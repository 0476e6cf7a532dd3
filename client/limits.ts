/** All bounds of the client. The bounds on which client and store must agree are in protocol/limits.ts. */

/**
 * How long an access waits for its locks unless `timeoutMs` says otherwise: longer than others wait for a holder that
 * died, and shorter than the 29 s of API Gateway.
 */
export const WAIT_TIMEOUT_DEFAULT_MS = 20_000
/** The longest time that any option may name: a day, far below what a Node.js timer can hold. */
export const OPTION_MS_MAX = 24 * 3_600_000
/** A session lives this long after its last use unless `ttlMs` says otherwise. */
export const TTL_DEFAULT_MS = 24 * 3_600_000
export const TTL_MIN_MS = 1_000
export const TTL_MAX_MS = 400 * 24 * 3_600_000
/** An access that changes nothing extends the session's life once this share of it has passed. */
export const TOUCH_SHARE_DEFAULT = 0.1

/**
 * For so long after its stored end another process may still be using a rolling session: a look then leaves it to the
 * claim whether it has expired. A use that goes on for longer is not seen by a look.
 */
export const EXPIRED_IN_USE_MS = 10 * 60_000

/** With write-back, a change is written this long after it was made unless `flushMs` says otherwise. */
export const FLUSH_DEFAULT_MS = 1_000
export const FLUSH_MAX_MS = 60_000
/** State cached by one process, in bytes as DynamoDB counts; beyond it the least recently used session is released. */
export const CACHED_BYTES_DEFAULT = 64 * 1024 * 1024

/** A held session that no access has used for this long is released. */
export const IDLE_RELEASE_DEFAULT_MS = 5 * 60_000
/** Sessions held at once by one process; beyond it the least recently used is released. */
export const HELD_SESSIONS_DEFAULT = 10_000
export const HELD_SESSIONS_MAX = 1_000_000
/** Accesses of one process that wait for one session; one more is refused. */
export const LOCAL_WAITERS_MAX = 10_000
/** UTF-8 bytes of an attribute's name. */
export const ATTRIBUTE_NAME_BYTES_MAX = 255
/** Attributes that one request may name. An access that needs more locks the whole session. */
export const LOCK_ATTRIBUTES_MAX = 1_000
/** Sessions that one accessMany may lock. */
export const ACCESS_MANY_MAX = 25

/** After a revoke, accesses that were queued in this process already may still begin for this long. */
export const COHORT_MS = 50
/**
 * While other processes wait, a hold serves this one for the time of so many handoffs, as measured, from its claim on. So
 * a session is of use for that share of the time; more would make others wait longer for little gain.
 */
export const HANDOFFS_PER_MINIMUM_HOLD = 2
/** The least of so many times counts. */
export const HANDOFFS_REMEMBERED = 4
/** It does so for this long at most, and for at most half of `busyAfterMs`. */
export const MINIMUM_HOLD_MAX_MS = 500
/**
 * The same for all the holds together that one waits for, where each had as many ahead of it: far less than an access
 * waits by default.
 */
export const MINIMUM_HOLDS_AHEAD_MAX_MS = 5_000
/** Sessions that are remembered as released to other processes. The one that was released longest ago is forgotten first. */
export const HANDED_OVER_MAX = 10_000
/**
 * A lock that this process has given back is given back again at most this often, however many ask for it at once: less
 * than the time after which one asks again.
 */
export const RELEASED_AGAIN_MS = 250
/** Locks of which that is remembered. The one that was given back longest ago is forgotten first. */
export const RELEASED_AGAIN_MAX = 1_000
/**
 * Lock records that are kept at once, and the pause before the next: as many in a second as the store carries out for one
 * process all the time.
 */
export const KEEPS_AT_ONCE = 100
export const KEEPS_PERIOD_MS = 100
/** A release without an answer is sent again this often, then left to the store's own asking. */
export const RELEASE_TRIES_MAX = 5

/** A claim that finds the session changing under it goes round this often; each round is one DynamoDB write. */
export const CLAIM_ROUNDS_MAX = 4
/** Tries of one DynamoDB request, the first included, and the longest pause between two. */
export const STATE_TRIES_MAX = 5
export const STATE_RETRY_BASE_MS = 50
export const STATE_RETRY_MAX_MS = 1_000
/**
 * One try of a DynamoDB request, from asking for credentials to the last byte of the answer, is given up after this.
 * Waiting for its turn does not count.
 */
export const STATE_REQUEST_TIMEOUT_MS = 2_000
/** DynamoDB requests of one process under way at once, and its connections to DynamoDB; the others wait in line. */
export const REQUESTS_DEFAULT = 50
export const REQUESTS_MAX = 1_000
/**
 * A claim, or a look at a session without its lock, that has not succeeded by then fails, or after this many tries. It
 * may be tried often: nothing depends on whether an earlier try has landed.
 */
export const READ_TIMEOUT_MS = 10_000
export const READ_TRIES_MAX = 20
/** The same after a claim or a look that was not answered at all, until one is: time for one whole try. */
export const READ_SILENT_TIMEOUT_MS = 3_000
/** Tries in all while AWS refuses the signature or the credentials: each is signed anew, with what the refusal told. */
export const SIGNATURE_TRIES_MAX = 4

/** A provider of AWS credentials that has not answered by then is given up. */
export const CREDENTIALS_TIMEOUT_MS = 10_000
/** New credentials are asked for this long before the old ones expire. */
export const CREDENTIALS_EARLY_MS = 5 * 60_000

/** Reconnects wait a random time up to this, doubled with each failure. */
export const RECONNECT_BASE_MS = 100
export const RECONNECT_MAX_MS = 10_000
/** While an access waits for a connection, the next try begins within this, and not before half of it. */
export const RECONNECT_AWAITED_MS = 2_000
/** The store is out of reach when no connection was possible for this long: long enough for a second try. */
export const OUT_OF_REACH_AFTER_MS = 10_000
/**
 * The same for a client that has never been connected and is refused as if a setting were wrong: some seconds, because
 * a change of IAM takes as long to spread. For as long, claims and reads are tried again that DynamoDB refuses for a key or a
 * right, while it has served none of the client.
 */
export const WRONG_SETTING_AFTER_MS = 5_000
/** An access waits this long for a store that is out of reach, and for the end of one try that began meanwhile. */
export const OUT_OF_REACH_WAIT_MS = 3_000
/** It does not wait longer: time for a try under way to end, the pause after it, and the next try. */
export const OUT_OF_REACH_WAIT_MAX_MS = 8_000
/** A refused connection is signed anew, with the store's time, where the clock here is off by more than this. */
export const CLOCK_OFF_MAX_MS = 10_000
/** A connection that has not been welcomed by then is given up; it counts anew when the gateway turns a `hello` away. */
export const WELCOME_TIMEOUT_MS = 5_000
/** A `hello` without an answer is sent again after this, doubled each time, or within this where it is known as lost. */
export const HELLO_AGAIN_MS = 1_000
/** Periods are up to so much longer while the gateway says that there are too many messages. */
export const THROTTLED_STRETCH = 2
/** It is believed for this long, half as much more or less. */
export const THROTTLED_MS = 60_000
/** What the gateway has turned away is tried again within this share of the time that the lease has left, or within this time. */
export const THROTTLED_RETRY_SHARE = 1 / 3
export const THROTTLED_RETRY_MIN_MS = 500
/** A message over HTTPS that has no answer by then, with all its tries, is given up. */
export const HTTPS_TIMEOUT_MS = 4_000
export const HTTPS_TRIES_MAX = 3
/** A pause before the next try: a random time up to this, doubled with each try. */
export const HTTPS_RETRY_MS = 50
/** API Gateway cuts a connection at two hours: the next is opened this much earlier, spread over as much again. */
export const CONNECTION_LIFETIME_MS = 2 * 3_600_000
export const CONNECTION_EARLY_MS = 10 * 60_000
/** A process that has had nothing to do for so many leases sleeps, as soon as a connection stands by. */
export const SLEEP_AFTER_LEASES = 4
/** That is opened within this time, so that processes that have nothing to do at the same time do not connect at once. */
export const STAND_BY_SPREAD_MS = 60_000
/**
 * While it sleeps, its connection is replaced this often, or up to a quarter sooner: before API Gateway cuts an idle one
 * (10 min), or a NAT gateway of AWS forgets it (350 s).
 */
export const STAND_BY_PERIOD_MS = 5 * 60_000
/** One that is older is not relied upon: the process stood still, or no other could be opened. */
export const STAND_BY_FRESH_MS = STAND_BY_PERIOD_MS + 20_000
/** One over which nothing is heard for so long after it was needed is cut, unnoticed by this side: another is opened. */
export const STAND_BY_ANSWER_MS = 2_000
/** How long the old connection stays open beside the new one, for answers under way. */
export const CONNECTION_OVERLAP_MS = 10_000
/**
 * A lease that ends while a renewal is overdue by this much was lost by the process itself, which stood still
 * (`leaseExpired`). Otherwise it renewed, and was not answered (`unreachable`).
 */
export const RENEWAL_OVERDUE_MS = 1_000
/** Renewals whose answers are awaited at once; older ones no longer count. */
export const RENEWALS_REMEMBERED = 8

/** How long `close` waits for running accesses unless `drainMs` says otherwise. */
export const DRAIN_DEFAULT_MS = 10_000

/** Calls of one worker thread that are under way, and as many requests within them; one more is refused. */
export const WORKER_CALLS_MAX = 10_000
/** The length of the chain of causes that an error keeps on its way to a worker thread. */
export const WORKER_ERROR_CAUSES_MAX = 4
/** How long a worker thread stands still in `tryLock` for a main thread that does not answer. */
export const WORKER_STANDSTILL_MS = 10_000

/** A key of the application for the hashes of ids: shorter ones can be guessed, and longer ones are no better. */
export const ID_KEY_BYTES_MIN = 16
export const ID_KEY_BYTES_MAX = 1_024
