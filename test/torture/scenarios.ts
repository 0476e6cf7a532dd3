import type { LocalStack } from '../../local/index.js'
import { nudgePeriodMaxMs } from '../../protocol/timing.js'
import type { ServerSlot } from './server-slot.js'
import { TIMING } from './timing.js'

/** A fault of a holder, and how it is undone. */
export interface Scenario {
  readonly name: string
  /** Whether the holder must be a server that may be killed. */
  readonly isDeadly?: boolean
  /** Whether it is in the middle of an access. */
  readonly isAtWork?: boolean
  /** About the time that the waiter loses while the network is quick. */
  readonly usualMs: number
  readonly strike: (holder: ServerSlot, stack: LocalStack) => Promise<() => unknown>
}

const BOTH = ['toServer', 'toClient'] as const

/** A holder that renews no more: its lease runs out, and the next nudge takes the session from it. */
const SILENT_MS = TIMING.leaseMs + TIMING.storeMarginMs + nudgePeriodMaxMs(TIMING)
/** A holder that hears nothing goes on renewing until its own lease is over, and only then does SILENT_MS begin. */
const DEAF_MS = SILENT_MS + TIMING.leaseMs - TIMING.clientMarginMs
/** The second nudge is noted with the holder, whose next renewal tells it. */
const PUSHLESS_MS = 2 * nudgePeriodMaxMs(TIMING) + TIMING.leaseMs / 4

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'dead holder (killed)',
    usualMs: SILENT_MS,
    isDeadly: true,
    strike: async (holder) => {
      await holder.kill()
      return () => holder.start()
    },
  },
  {
    name: 'deaf holder (nothing from the gateway arrives)',
    usualMs: DEAF_MS,
    strike: async ({ gateway }) => {
      const end = gateway.trouble({ swallows: ['toClient'] })
      return () => {
        end()
        gateway.cutDeaf()
      }
    },
  },
  {
    name: 'frozen holder (stopped, at work)',
    usualMs: SILENT_MS,
    isAtWork: true,
    strike: async (holder) => {
      holder.freeze()
      return () => holder.thaw()
    },
  },
  {
    name: 'partitioned holder (from gateway and DynamoDB)',
    usualMs: SILENT_MS,
    strike: async ({ gateway, dynamodb }) => {
      const ends = [gateway, dynamodb].map((leg) => leg.trouble({ swallows: BOTH }))
      return () => {
        for (const end of ends) end()
        for (const leg of [gateway, dynamodb]) leg.cutDeaf()
      }
    },
  },
  {
    name: 'holder that no push reaches',
    usualMs: PUSHLESS_MS,
    strike: async (holder, stack) => {
      const ids = stack.gateway.connections().filter((one) => holder.isConnection(one))
      return stack.gateway.losePushes(({ connectionId }) => ids.some((one) => one.connectionId === connectionId))
    },
  },
]
