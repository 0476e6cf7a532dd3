import type { Client } from '../common/client.js'
import { OVERSTAYS_TOLD_MAX } from '../limits.js'

const told = new WeakMap<Client, Set<string>>()

/**
 * Warns of a kind of request that has lost its session because of `maxHoldMs`, once for each kind.
 *
 * @param who such as "a POST request 'checkout'". It has no path: that may have a secret in it.
 */
export function warnOfOverstay(holdfast: Client, who: string, maxHoldMs: number): void {
  const kinds = told.get(holdfast) ?? new Set<string>()
  if (kinds.has(who) || kinds.size >= OVERSTAYS_TOLD_MAX) return
  told.set(holdfast, kinds.add(who))
  process.emitWarning(
    `${who} held its session for longer than ${maxHoldMs} ms and has lost it: call session.release() before slow work, or raise maxHoldMs`,
    { type: 'HoldfastWarning', code: 'HOLDFAST_OVERSTAY' },
  )
}
