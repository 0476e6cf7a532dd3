/** Every bound of the inspector, on the stack's side and on the page's. Times are milliseconds. */

/** How far back the inspector remembers. */
export const KEPT_MS = 10 * 60_000
/** Entries that are kept: 200 a second for that time. Beyond them the oldest go first. */
export const ENTRIES_MAX = 120_000
/** Sessions whose present state is known; beyond them the one that changed least recently is forgotten. */
export const SESSIONS_MAX = 20_000
/** Processes that are known; a process is forgotten when it has been over for as long as entries are kept. */
export const PROCESSES_MAX = 1_000
/** Connections whose process is remembered. */
export const CONNECTIONS_MAX = 5_000

/** Of a session's hash, so much is told: 60 bits, enough to tell sessions apart and too little to look one up by. */
export const HASH_CHARS = 10
/** The same of a process id. */
export const PROCESS_CHARS = 8

/** Entries go to the pages together, so often. */
export const FLUSH_MS = 50
/** Requests and messages are counted together for so long. */
export const TALLY_MS = 1_000
/** Entries of one frame to a page that catches up. */
export const FRAME_ENTRIES_MAX = 1_000
/** Pages at a time. */
export const PAGES_MAX = 8
/** A page that reads too slowly is cut when so many bytes wait for it. It comes back by itself, and catches up. */
export const PAGE_BUFFER_BYTES_MAX = 64 * 1024 * 1024
/** What a page may send: one command. */
export const COMMAND_BYTES_MAX = 4 * 1024
/** Records of one page of a scan of the tables. A scan ends when it has as many as sessions are known. */
export const SCAN_PAGE_RECORDS_MAX = 1_000

/** What a process tells of its attribute locks goes to the stack together, so often. */
export const LOCKS_FLUSH_MS = 50
/** Accesses that a process tells in a second, and those it tells that have not ended. It counts the others. */
export const LOCK_ACCESSES_PER_SECOND_MAX = 100
export const LOCK_ACCESSES_OPEN_MAX = 500
/** Locks that one access adds while it runs, one after another. */
export const LOCK_PARTS_MAX = 16
/** Locks that wait to be told, where the stack does not take them. */
export const LOCKS_PENDING_MAX = 1_000
/** Locks in one request to the stack, and that it takes in a second from all processes together. */
export const LOCKS_BATCH_MAX = 100
export const LOCKS_PER_SECOND_MAX = 200
/** Names of attributes that are told of one lock, and how long a name or a label may be. */
export const LOCK_NAMES_MAX = 12
export const LOCK_NAME_CHARS_MAX = 48
export const LOCKS_BYTES_MAX = 256 * 1024
/** How long a process waits for the stack's answer, and before it tries again. */
export const LOCKS_TIMEOUT_MS = 2_000
export const LOCKS_RETRY_MS = 1_000

/** The page folds entries for at most so long before it lets the browser draw. */
export const FOLD_SLICE_MS = 8
/** The tables of the page follow at most so often. */
export const TABLE_MS = 250
/** Entries of one handoff that are written out. */
export const HANDOFF_ENTRIES_MAX = 60
/** Handoffs and steps of a session that are listed. */
export const STORY_STEPS_MAX = 200
/** Where no more time than this is shown, holds open into rows: one for each attribute that is locked in sight. */
export const LOCK_ROWS_WINDOW_MS = 5_000
/** Rows of one process. It is said how many more there are. */
export const LOCK_ROWS_MAX = 6
/** Attribute locks in sight that are told in words, too. */
export const LOCK_WORDS_MAX = 40
/** Shapes that a timeline draws: beyond it what is narrower than a pixel is joined. */
export const SHAPES_MAX = 4_000
