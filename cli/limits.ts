/** Every bound of the command line. Times are milliseconds. */

/** Ports of `dev`, always the same, so that HOLDFAST_CONFIG may stay in a file. */
export const GATEWAY_PORT = 4610
export const DYNAMODB_PORT = 4611
export const HTTPS_PORT = 4612

/** Records that one look at the Locks table reads, unless `--records` says otherwise. */
export const RECORDS_DEFAULT = 20_000
export const RECORDS_MAX = 10_000_000
/** Lines of a list, unless `--limit` says otherwise. */
export const LINES_DEFAULT = 50
export const LINES_MAX = 100_000

/** The pause between two looks of `top`, and of `watch`. */
export const TOP_INTERVAL_MS = 2_000
export const WATCH_INTERVAL_MS = 500
export const INTERVAL_MIN_MS = 100
export const INTERVAL_MAX_MS = 3_600_000
export const COUNT_MAX = 1_000_000_000

/** The pause between two looks of `inspect`, and the read units of a second that it uses at most. */
export const INSPECT_INTERVAL_MS = 1_000
export const INSPECT_INTERVAL_MIN_MS = 250
export const INSPECT_READ_UNITS = 25
export const INSPECT_READ_UNITS_MAX = 1_000
/** Records of Locks that one look of `inspect` reads, as many as its page knows sessions, and those of one request. */
export const INSPECT_RECORDS_MAX = 20_000
export const INSPECT_PAGE_RECORDS = 250
/** Records of Sessions that one look of `inspect` reads: as many as one request may ask for. */
export const INSPECT_STATES_MAX = 100

/** Characters of a session's hash, and of a process id, as they are shown. */
export const HASH_CHARS = 10
export const PROCESS_CHARS = 8
/** The fewest characters of a hash that name a session. */
export const HASH_CHARS_MIN = 8
/** What is read from standard input for a session id. */
export const INPUT_BYTES_MAX = 4 * 1024
/** Characters of a value that a table shows; `--json` shows all. */
export const VALUE_CHARS_MAX = 200

/** One request of the command line, with all its tries. */
export const REQUEST_TIMEOUT_MS = 10_000
export const REQUEST_TRIES = 3

/** A clock that is off by more is reported. AWS refuses signatures that are off by five minutes or more. */
export const CLOCK_OFF_WARN_MS = 2_000
export const CLOCK_OFF_FAULT_MS = 60_000
/** Sessions that `doctor` looks at to find out whether Locks was emptied. */
export const SAMPLED_SESSIONS = 25
/** What the connection, and each step of the round trip of `doctor`, may take. */
export const CONNECT_TIMEOUT_MS = 8_000
export const STEP_TIMEOUT_MS = 15_000
/** How long the session of the round trip lives, if `doctor` is stopped before it has destroyed it. */
export const DOCTOR_TTL_MS = 60_000
/** How often `doctor` measures a handoff again that took as long as a nudge. */
export const SLOW_HANDOFFS_MAX = 2
/** How long `release` waits for the lock: above what one holder costs at most, with the times of 1,000 processes. */
export const RELEASE_TIMEOUT_MS = 120_000
/** How long `destroy` waits for the lock, unless `--timeout` says otherwise. */
export const DESTROY_TIMEOUT_MS = 60_000

/** What a process that a command runs beside itself takes to answer, besides what it was told to take; to close; to end. */
export const PROCESS_ANSWER_MS = 30_000
export const PROCESS_CLOSE_MS = 12_000
export const PROCESS_STOP_MS = 15_000
/** Times of one kind that are kept, chosen at random: for percentiles. Fewer than these have no 99th percentile. */
export const TIMES_KEPT_MAX = 20_000
export const P99_TIMES_MIN = 1_000

/** How long `demo` makes requests, and the share of it without a lock. */
export const DEMO_SECONDS_DEFAULT = 20
export const DEMO_SECONDS_MIN = 4
export const DEMO_SECONDS_MAX = 600
export const DEMO_UNLOCKED_SHARE = 0.25
export const DEMO_SERVERS = 3
export const DEMO_VISITORS = 4
/** Requests that a visitor of `demo` makes at once, and the longest pause after them. */
export const DEMO_REQUESTS_AT_ONCE = 4
export const DEMO_PAUSE_MAX_MS = 500
export const DEMO_REQUEST_TIMEOUT_MS = 30_000
/** How often `demo` says how far it is. */
export const DEMO_SAY_MS = 5_000

/** How long `bench` measures: a third of it for each of its parts. */
export const BENCH_SECONDS_DEFAULT = 30
export const BENCH_SECONDS_MIN = 3
export const BENCH_SECONDS_MAX = 600
export const BENCH_SESSIONS_DEFAULT = 16
export const BENCH_SESSIONS_MAX = 256
export const BENCH_PROCESSES_DEFAULT = 2
export const BENCH_PROCESSES_MIN = 2
export const BENCH_PROCESSES_MAX = 16
/**
 * What all processes of `bench` do in a second, at most: a quarter of the writes of a new table, and a fifth of the
 * messages that a stack lets through by default, so that applications can go on meanwhile.
 */
export const BENCH_COMMITS_PER_SECOND = 1_000
export const BENCH_HANDOFFS_PER_SECOND = 200
/** The pause after an operation of `bench` that has failed, and how long one may wait for its session. */
export const BENCH_FAILED_PAUSE_MS = 200
export const BENCH_WAIT_MS = 20_000
/** A kept access takes microseconds: after so long without a pause, `bench` lets the rest of its process have its turn. */
export const BENCH_TURN_MS = 5
/** How long the sessions of `bench` live after their last use, if nobody destroys them. */
export const BENCH_TTL_MS = 30 * 60_000
/** To destroy all sessions of `bench`, so many at a time. */
export const BENCH_CLEAN_MS = 60_000
export const BENCH_CLEAN_AT_ONCE = 16
/** Sessions of `bench` that are left, and named to people. */
export const BENCH_LEFT_NAMED = 10
