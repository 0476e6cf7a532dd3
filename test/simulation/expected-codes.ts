/** Codes that an access may fail with whatever goes wrong. Anything else is a fault of the program. */
export const EXPECTED_CODES = new Set([
  'SESSION_MISSING',
  'WAIT_TIMEOUT',
  'ABORTED',
  'SESSION_LOST',
  'COMMIT_UNKNOWN',
  'UNREACHABLE',
  'REFUSED',
  'CLOSED',
  'PARTIAL_COMMIT',
  'DEADLOCK',
])
