/** Every bound of the operators' calls. Times are milliseconds. */

/** The longest time of one request, with all its tries. */
export const REQUEST_TIMEOUT_MS = 10_000
/** Items of one BatchGetItem, and of one BatchWriteItem: DynamoDB's own bounds. */
export const READ_BATCH_MAX = 100
export const DELETE_BATCH_MAX = 25
/** What DynamoDB leaves undone of a batch is asked for so often, after a pause that doubles. */
export const BATCH_ROUNDS_MAX = 6
export const BATCH_PAUSE_MS = 50
/** Sessions of a copy that are written at once. */
export const WRITES_MAX = 25
/** How often a session that others change meanwhile is looked at. */
export const ROUNDS_MAX = 5
/**
 * A lock that was released this long before a backup tells that the backup has all that its holder wrote: longer than the
 * errors of the clocks, the skew of a backup, and a write that is late.
 */
export const BACKUP_MARGIN_MS = 60_000
