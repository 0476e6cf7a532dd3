import { OPTION_MS_MAX } from '../../limits.js'
import { integer } from '../../options/check.js'
import {
  GRACE_DEFAULT_MS,
  MAX_HOLD_DEFAULT_MS,
  REQUEST_TIMEOUT_DEFAULT_MS,
  WAITING_DEFAULT,
  WAITING_MAX,
} from '../limits.js'

/** How long requests wait for their sessions and hold them, and how many may wait for one. */
export interface Bounds {
  readonly timeoutMs: number
  readonly maxHoldMs: number
  readonly graceMs: number
  readonly waitingMax: number
}

/**
 * Checks the bounds that options give, and completes them with the defaults.
 *
 * @throws {InvalidArgumentError}
 */
export function compileBounds(options: { readonly [B in keyof Bounds]?: number | undefined }): Bounds {
  const ms = (name: keyof Bounds, defaultMs: number) => integer(name, options[name] ?? defaultMs, 1, OPTION_MS_MAX)
  return {
    timeoutMs: ms('timeoutMs', REQUEST_TIMEOUT_DEFAULT_MS),
    maxHoldMs: ms('maxHoldMs', MAX_HOLD_DEFAULT_MS),
    graceMs: ms('graceMs', GRACE_DEFAULT_MS),
    waitingMax: integer('waitingMax', options.waitingMax ?? WAITING_DEFAULT, 1, WAITING_MAX),
  }
}
