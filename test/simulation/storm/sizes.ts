import { RENEWALS_PER_LEASE } from '../../../client/limits.js'
import type { Rate } from '../../../local/gateway/aws-quotas.js'

/** The lease that fits so many processes. */
export function leaseMsOf(processes: number): number {
  if (processes <= 2_000) return 15_000
  return processes <= 10_000 ? 30_000 : 60_000
}

/** Renewals may take so much of the stage's throttle. */
const RENEWALS_SHARE = 1 / 1.3

/** Whether so many processes are promised to keep all leases. */
export const keepsLeases = (processes: number, leaseMs: number, throttle: Rate): boolean =>
  (processes * RENEWALS_PER_LEASE * 1_000) / leaseMs <= throttle.perSecond * RENEWALS_SHARE

/** What the leases have left after a cut is enough for so many connections, in this share of the time. */
const CUT_SHARE = 0.55

/** The same when all connections end at once. A lease then has at least the time of three periods, less a margin. */
export const survivesCut = (processes: number, leaseMs: number, connections: Rate): boolean =>
  processes <= ((leaseMs * (RENEWALS_PER_LEASE - 1)) / RENEWALS_PER_LEASE / 1_000) * connections.perSecond * CUT_SHARE
