import type { ProcessRecord } from './record.js'

/** What to do about a `hello` from a process that is known already. */
export type HelloStep = 'welcome' | 'reconnect' | 'WRONG_SECRET' | 'STALE_CONNECTION' | 'EVICTED'

export function planHello(
  process: ProcessRecord | undefined,
  who: { readonly secretHash: string; readonly principal: string; readonly gen: number; readonly connectionId: string },
  nowMs: number,
): HelloStep {
  if (process === undefined) return 'EVICTED'
  if (process.secretHash !== who.secretHash || process.principal !== who.principal) return 'WRONG_SECRET'
  if (process.evictedAt !== undefined || process.leaseUntil < nowMs) return 'EVICTED'
  if (process.gen > who.gen || (process.gen === who.gen && process.connectionId !== who.connectionId)) {
    return 'STALE_CONNECTION'
  }
  return process.gen === who.gen ? 'welcome' : 'reconnect'
}

/** The connection that may no longer speak for the process, since newer ones have taken its place. */
export function displacedConnection({ connectionId, olderConnections }: ProcessRecord): string | undefined {
  const displaced = olderConnections.at(-1)
  // A connection that says hello again and again is listed more than once.
  const remaining = [connectionId, ...olderConnections.slice(0, -1)]
  return displaced === undefined || displaced === '' || remaining.includes(displaced) ? undefined : displaced
}
