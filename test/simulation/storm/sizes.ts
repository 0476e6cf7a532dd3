import type { Rate } from '../../../local/gateway/aws-quotas.js'
import { RENEWALS_PER_LEASE } from '../../../protocol/limits.js'
import { messagesPerSecondMin } from '../../../protocol/size.js'

/** Whether so many processes are promised to keep all leases. */
export const keepsLeases = (processes: number, leaseMs: number, throttle: Rate): boolean =>
  messagesPerSecondMin({ processes, leaseMs }) <= throttle.perSecond

/** What the leases have left after a cut is enough for so many connections, in this share of the time. */
const CUT_SHARE = 0.55

/** The same when all connections end at once. A lease then has at least the time of three periods, less a margin. */
export const survivesCut = (processes: number, leaseMs: number, connections: Rate): boolean =>
  processes <= ((leaseMs * (RENEWALS_PER_LEASE - 1)) / RENEWALS_PER_LEASE / 1_000) * connections.perSecond * CUT_SHARE
