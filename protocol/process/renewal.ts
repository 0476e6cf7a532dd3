import type { StoreMessage } from '../messages.js'
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
  readonly leaseMs: number
  readonly incarnation: string
}

/** The answer to a renewal brings the asks that pushes may have failed to bring. */
export const renewedMessage = (process: ProcessRecord, { n, leaseMs, incarnation }: Renewed): StoreMessage => ({
  type: 'renewed',
  n,
  leaseMs,
  incarnation,
  asks: [...process.asks].map(([session, { epoch }]) => ({ session, epoch })),
  ...(process.moreAsks === undefined ? {} : { more: process.moreAsks }),
})
