import { OVERSTAYS_TOLD_MAX } from '../limits.js'
import type { Client } from './client.js'

const told = new WeakMap<Client, Set<string>>()

/**
 * Tells of a kind of request that has lost its session because of `maxHoldMs`, once for each kind.
 *
 * @param who such as "a POST request 'checkout'". It has no path: that may have a secret in it.
 * @param tell by default it warns of HOLDFAST_OVERSTAY.
 */
export function tellOverstay(holdfast: Client, who: string, maxHoldMs: number, tell = warn): void {
  const kinds = told.get(holdfast) ?? new Set<string>()
  if (kinds.has(who) || kinds.size >= OVERSTAYS_TOLD_MAX) return
  told.set(holdfast, kinds.add(who))
  tell(
    `${who} held its session for longer than maxHoldMs (${maxHoldMs} ms) and has lost it: release the session before slow work, or raise maxHoldMs`,
  )
}

function warn(message: string): void {
  process.emitWarning(message, { type: 'HoldfastWarning', code: 'HOLDFAST_OVERSTAY' })
}
