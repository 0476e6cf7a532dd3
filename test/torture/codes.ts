import type { AccessError } from './messages.js'

/** Codes that an access may fail with while there are faults. Any other is a fault of the program. */
const EXPECTED = new Set([
  'WAIT_TIMEOUT',
  'ABORTED',
  'SESSION_LOST',
  'COMMIT_UNKNOWN',
  'PARTIAL_COMMIT',
  'UNREACHABLE',
  'REFUSED',
])

/** UNREACHABLE that is not retryable reports a wrong setting, and no setting is wrong here. */
export const isExpected = ({ code, retryable }: Pick<AccessError, 'code' | 'retryable'>): boolean =>
  EXPECTED.has(code) && (code !== 'UNREACHABLE' || retryable)
