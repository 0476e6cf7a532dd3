import type { BusyNotice } from './busy-notice.js'

/**
 * One grant of the lock, from the store's word until the release or the loss. The object itself is its identity. The
 * epoch does not identify a grant: a lock record that fell behind can issue the same one twice.
 */
export interface Grant {
  readonly epoch: number
  readonly busy: BusyNotice
  /** Another process waits for the session. */
  isWanted: boolean
}
