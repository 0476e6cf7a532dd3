import { type LockBar, WHOLE } from '../model/hold-locks.js'
import { duration } from './format.js'

/** A wait that is shorter is none. */
const WAIT_MS_MIN = 0.1

/** One lock in words. `now`: the time that is looked at. */
export function saidOfLock({ name, mode, label, since, from, to }: LockBar, now: number): string {
  const what = name === WHOLE ? 'the whole session' : `‘${name}’`
  if (from === undefined) {
    const waited = duration((to ?? now) - since)
    return to === undefined
      ? `‘${label}’ has waited ${waited} for ${what}, to ${mode} it.`
      : `‘${label}’ waited ${waited} for ${what}, and did not get it.`
  }
  const after = from - since < WAIT_MS_MIN ? '' : `, after a wait of ${duration(from - since)}`
  const held = duration((to ?? now) - from)
  return `‘${label}’ ${to === undefined ? 'has locked' : 'locked'} ${what} to ${mode} it, for ${held}${after}.`
}
