/**
 * Every bound of the protocol, in one place. Times are milliseconds. They are the same everywhere; timing.ts has the
 * times that are chosen at deployment.
 */

/**
 * The version of the messages, and the oldest that a store still speaks. It refuses any other with
 * `UNSUPPORTED_VERSION`. A new field of an answer is no new version, since clients ignore what they do not know; a new
 * field of a client's message is one, since the store refuses it.
 */
export const PROTOCOL_VERSION = 1
export const PROTOCOL_VERSION_LEAST = 1
/** The version of the stored records, kept in each as `schema`. */
export const SCHEMA_VERSION = 1

/** One message, in either direction, as UTF-8. */
export const MESSAGE_BYTES_MAX = 4 * 1024
/**
 * Processes queued for one session. A lock record stays within one write unit up to about 30 of them, and within two up
 * to all; where they are of several principals, within three.
 */
export const WAITERS_MAX = 64
/**
 * The places in a queue that a new request may use. The others are for requests that found the queue full before: one
 * after less than `WAITED_FIRST_MS`, and one more with each doubling, so that the last one is kept for hours.
 */
export const FRESH_WAITERS_MAX = 48
export const WAITED_FIRST_MS = 2_000
/** The length of a principal's mark, in the seats of its processes. */
export const MARK_CHARS = 6
/**
 * Requests to release that a process record names, so that `renewed` stays within one message, and the record small: each
 * nudge reads it. Of more than these it has only their number.
 */
export const ASKS_MAX = 20
/** Fences above this would end a session's supply of epochs: 2^52 leaves 2^52 more within exact integers. */
export const ABOVE_MAX = 2 ** 52
/**
 * How far ahead of the clock a message may name a fence: some thousand years, more than the error of any clock. A false
 * fence up to this bound leaves a fence that can still be named, because epochs rise more slowly than the clock.
 */
export const ABOVE_AHEAD_MAX_MS = 2 ** 45
/** Dead waiters that one release or reclaim skips; the next nudge skips the rest. */
export const RECLAIMS_PER_MESSAGE_MAX = 10
/** How often one acquire looks again when others change the record under it; the client's nudge goes on from there. */
export const ACQUIRE_ROUNDS_MAX = 8

/**
 * Messages of one process that one environment of a function carries out at once, and how many more each second; beyond
 * it they are refused with `TOO_MANY_MESSAGES`. A client may ask for, or give back, all 10,000 sessions that it holds
 * by default at once. Nothing is stored for this: each environment counts the messages that it sees.
 */
export const MESSAGES_BURST_MAX = 20_000
export const MESSAGES_PER_SECOND_MAX = 1_000
/**
 * The same for messages that an honest client sends seldom or never. `hello`, messages before it, and messages that no
 * client would send are counted for each connection. `renew` and `retire` are counted for each process, apart from all
 * else, so that a burst of other messages never costs a process its lease.
 */
export const RARE_MESSAGES_BURST_MAX = 100
export const RARE_MESSAGES_PER_SECOND_MAX = 10
/**
 * Connections that may speak for one process. One more displaces the oldest, which gets `NO_HELLO` from then on. A
 * client has two at most, while it goes from one to the next.
 */
export const CONNECTIONS_PER_PROCESS_MAX = 4
/**
 * How long a function believes that a connection still belongs to its process, before it reads the record again. A
 * function without a message from the newer connections may accept messages of a displaced one for this time.
 */
export const CONNECTION_REMEMBERED_MS = 10 * 60_000

/** How often a process renews in the time of one lease: some may be lost. */
export const RENEWALS_PER_LEASE = 4
/** A gateway must let through so many times the renewals that are sent if nothing fails. */
export const RENEWAL_HEADROOM = 1.3
/** Processes that a deployment is made for, unless it says otherwise, and at most. */
export const PROCESSES_DEFAULT = 1_000
export const PROCESSES_MAX = 1_000_000

export const NAMESPACE_CHARS_MAX = 64
export const LABEL_CHARS_MAX = 64
/** UTF-8 bytes of a session id. */
export const SESSION_ID_BYTES_MAX = 1024
/** DynamoDB's wall for one item is 400 KiB; 2 KiB are kept for the session's own bookkeeping. */
export const SESSION_BYTES_MAX = 398 * 1024

/** Attributes that one commit names one by one, since an expression has at most 4 KiB. With more, all are written. */
export const COMMIT_NAMES_MAX = 100

/** A held lock record lives this long without `keep`; a free one may vanish after it. */
export const LOCK_TTL_MS = 7 * 24 * 3_600_000
/** Process and connection records outlive their use by this much. */
export const PROCESS_TTL_MS = 24 * 3_600_000
export const CONNECTION_TTL_MS = 3 * 3_600_000
/** A tombstone, or an expired session, stays at least this long: longer than any clock error plus the latest write. */
export const GRACE_MS = 24 * 3_600_000
