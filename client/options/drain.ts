import { DRAIN_DEFAULT_MS, OPTION_MS_MAX } from '../limits.js'
import { checkKeys, integer } from './check.js'

const CLOSE_KEYS = { drainMs: true } as const

/** Checks the options of `close()`. */
export function compileDrainMs(options: { readonly drainMs?: number }): number {
  checkKeys(options, CLOSE_KEYS, 'close')
  return integer('drainMs', options.drainMs ?? DRAIN_DEFAULT_MS, 0, OPTION_MS_MAX)
}
