import { type Faults, hasNoFaults, isPrompt } from './faults.js'
import type { Script } from './script.js'
import type { Shape } from './shape.js'
import { TOLD_BY_RENEWAL_MAX_MS, TOLD_MAX_MS } from './waits-watch.js'

/** Whether some servers of a run have no connections, or another way while they have none. */
export interface HttpsUse {
  readonly isUsed: boolean
  /** Those with another way are barred from the gateway now and then. */
  readonly barsGateway: boolean
}

export function httpsUseOf(shape: Shape, seed: number, script: Script | undefined): HttpsUse {
  const isUsed = script?.usesHttps ?? (shape === 'usual' && seed % 8 === 6)
  return { isUsed, barsGateway: isUsed && seed % 16 === 6 }
}

/** After this time a holder knows that others wait; undefined where faults may keep it from that. */
export function toldMaxMsOf(shape: Shape, { isUsed, barsGateway }: HttpsUse, faults: Faults): number | undefined {
  if (shape === 'contended') return TOLD_BY_RENEWAL_MAX_MS
  if (shape !== 'usual') return undefined
  if (!isUsed) return isPrompt(faults) ? TOLD_MAX_MS : undefined
  return !barsGateway && hasNoFaults(faults) ? TOLD_BY_RENEWAL_MAX_MS : undefined
}
