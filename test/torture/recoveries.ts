import { STATE_REQUEST_TIMEOUT_MS, WELCOME_TIMEOUT_MS } from '../../client/limits.js'
import type { ProviderMode } from './messages.js'
import type { Way } from './proxy.js'
import type { ServerSlot } from './server-slot.js'
import { type Strikes, stallBodies, troubleProvider } from './strikes.js'
import { RECONNECTION_MAX_MS, RECOVERY_MAX_MS } from './timing.js'

/** A fault of one process, which must work again once it has ended: for all that it used meanwhile. */
export interface Recovery {
  readonly name: string
  /** About the longest time that this takes. */
  readonly usualMs: number
  readonly boundMs: number
  readonly strike: (slot: ServerSlot) => Promise<Strikes | undefined>
}

const stalled = (name: string, way: Way): Recovery => ({
  name,
  usualMs: STATE_REQUEST_TIMEOUT_MS,
  boundMs: RECOVERY_MAX_MS,
  strike: async ({ dynamodb }) => stallBodies(dynamodb, (message) => message.way === way),
})

/** A call that hangs is given up as late as a connection that needs it. With a cut, one does. */
const withoutCredentials = (name: string, mode: ProviderMode, isCut: boolean): Recovery => ({
  name,
  usualMs: mode === 'hangs' ? WELCOME_TIMEOUT_MS : STATE_REQUEST_TIMEOUT_MS,
  boundMs: RECONNECTION_MAX_MS,
  strike: async (slot) => {
    const strikes = await troubleProvider(slot, mode)
    if (isCut) slot.gateway.cut()
    return strikes
  },
})

export const RECOVERIES: readonly Recovery[] = [
  stalled("itself, after DynamoDB's answers stalled", 'toClient'),
  stalled('itself, after requests to DynamoDB stalled', 'toServer'),
  withoutCredentials('itself, after its credentials provider hung', 'hangs', false),
  withoutCredentials('itself, after its credentials provider failed', 'fails', false),
  withoutCredentials('itself, after that hung and the connection was cut', 'hangs', true),
  withoutCredentials('itself, after that failed and the connection was cut', 'fails', true),
]
