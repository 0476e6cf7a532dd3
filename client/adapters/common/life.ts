import { TOUCH_WAIT_MS } from '../limits.js'
import type { Handle } from './client.js'

/** Nobody writes an attribute of this name: the lock on it waits only for requests that lock the whole session. */
export const LIFE = { read: ['@life'] } as const

/** Extends the life. A failure is no failure of the request: the next one tries again. */
export function extendLife(session: Handle, timeoutMs: number): Promise<void> {
  const waits = { timeoutMs: Math.min(TOUCH_WAIT_MS, timeoutMs), ifMissing: 'fail' } as const
  return session.access(LIFE, () => {}, waits).catch(() => {})
}
