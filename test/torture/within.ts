import { setTimeout as pause } from 'node:timers/promises'

const TICK_MS = 250

/**
 * Settles as the promise does, or rejects when that takes longer than `boundMs`. Time in which this process stood still
 * does not count: it was frozen, or the machine was busy.
 */
export async function within<T>(promise: Promise<T>, boundMs: number, what: string): Promise<T> {
  const settled = new AbortController()
  const overdue = async (): Promise<never> => {
    for (let leftMs = boundMs; leftMs > 0; leftMs -= TICK_MS) {
      await pause(Math.min(leftMs, TICK_MS), undefined, { signal: settled.signal })
    }
    throw new Error(`${what} is still open after ${boundMs} ms, its bound`)
  }
  try {
    return await Promise.race([promise, overdue()])
  } finally {
    settled.abort()
  }
}
