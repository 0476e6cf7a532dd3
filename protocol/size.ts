import { RENEWAL_HEADROOM, RENEWALS_PER_LEASE } from './limits.js'

/** The leases of stores that are no larger than this. A store that is larger than all has {@link LEASE_OF_MANY_MS}. */
const LEASES = [
  { processesMax: 2_000, leaseMs: 15_000 },
  { processesMax: 10_000, leaseMs: 30_000 },
] as const
const LEASE_OF_MANY_MS = 60_000

/** How many processes a store is made for, and their lease. */
export interface Size {
  readonly processes: number
  readonly leaseMs: number
}

/**
 * The lease for a store of so many processes. A long one costs fewer renewals, and more time for those who wait for a
 * holder that has died.
 */
export const leaseMsFor = (processes: number): number =>
  LEASES.find(({ processesMax }) => processes <= processesMax)?.leaseMs ?? LEASE_OF_MANY_MS

/** The messages in a second that keep so many leases running, if nothing fails. */
export const renewalsPerSecond = ({ processes, leaseMs }: Size): number =>
  (processes * RENEWALS_PER_LEASE) / (leaseMs / 1_000)

/** The least that a gateway must let through in a second, so that processes of this size keep their leases. */
export const messagesPerSecondMin = (size: Size): number => Math.ceil(renewalsPerSecond(size) * RENEWAL_HEADROOM)
