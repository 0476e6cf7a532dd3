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
/** How long `release` waits for the lock: above what one holder costs at most, with the times of 1,000 processes. */
export const RELEASE_TIMEOUT_MS = 120_000
/** How long `destroy` waits for the lock, unless `--timeout` says otherwise. */
export const DESTROY_TIMEOUT_MS = 60_000
