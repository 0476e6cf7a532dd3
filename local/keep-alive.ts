/** The longest period of a timer of Node.js. */
const PERIOD_MS = 2 ** 31 - 1

/**
 * Keeps this process alive until `work` has ended. Nothing else of a local stack does: its servers, threads, timers and
 * child process would otherwise hold up a test runner whose test forgot to stop the stack.
 */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, PERIOD_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
