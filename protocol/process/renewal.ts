import type { StoreMessage } from '../messages.js'
import type { Timing } from '../timing.js'
import type { ProcessRecord } from './record.js'

/**
 * The lease on record lasts as long as this renewal asks for. A late copy of an older renewal changes nothing, and yet
 * it is covered by the longer lease that a newer one has left.
 */
export const isCovered = (process: ProcessRecord | undefined, untilMs: number): process is ProcessRecord =>
  process !== undefined && process.evictedAt === undefined && process.leaseUntil >= untilMs

interface Renewed {
  /** The number of the renewal that is answered. */
  readonly n: number
  readonly timing: Timing
  readonly incarnation: number
}

/**
 * The lease that this process was given last, as far as this timing allows. Another function may have given it, by another
 * timing, to an earlier copy of the same message.
 */
export const givenLeaseMs = ({ leaseUntil, renewedAt }: ProcessRecord, { leaseMs }: Timing): number =>
  Math.min(leaseMs, leaseUntil - renewedAt)

/** The answer to a renewal brings the timing, and the asks that pushes may have failed to bring. */
export const renewedMessage = (process: ProcessRecord, { n, timing, incarnation }: Renewed): StoreMessage => ({
  type: 'renewed',
  n,
  leaseMs: timing.leaseMs,
  incarnation: String(incarnation),
  timing,
  asks: [...process.asks].map(([session, { epoch }]) => ({ session, epoch })),
  ...(process.moreAsks === undefined ? {} : { more: process.moreAsks }),
})
