/** The longest period of a timer of Node.js. */
const PERIOD_MS = 2 ** 31 - 1

/**
 * Keeps this process alive until `work` has ended. No other part of a local stack keeps it alive: a test runner whose
 * test forgot to stop the stack must be able to end.
 */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, PERIOD_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
