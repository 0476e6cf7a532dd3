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

/** What is said not to pass by itself is a setting that is wrong, and here none is. */
export const isExpected = ({ code, retryable }: Pick<AccessError, 'code' | 'retryable'>): boolean =>
  EXPECTED.has(code) && (code !== 'UNREACHABLE' || retryable)
