import type { SessionKey } from '../../protocol/keys.js'
import { HASH_CHARS, PROCESS_CHARS } from '../limits.js'

/** Texts for tables. */

/** A session as people read and copy it: its namespace, and so much of its hash that `show` finds it. */
export function shortKey(key: SessionKey): string {
  const hash = key.indexOf('#') + 1
  return `${key.slice(0, hash)}${key.slice(hash, hash + HASH_CHARS)}`
}

export const shortProcess = (processId: string): string => processId.slice(0, PROCESS_CHARS)

/** A process by its label and the start of its id. */
export const processName = (processId: string, label: string | undefined): string =>
  label === undefined || label === '' ? shortProcess(processId) : `${label} (${shortProcess(processId)})`

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const

/** A length of time in its largest unit. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.round(ms))
  const [unit, unitMs] = UNITS.find(([, size]) => whole >= size) ?? ['ms', 1]
  return `${Math.floor(whole / unitMs)} ${unit}`
}

/** How long a lock is held: its record tells it to a second. */
export const held = (ms: number): string => (ms < 1_000 ? '< 1 s' : duration(ms))

export const lease = (leaseLeftMs: number): string =>
  leaseLeftMs > 0 ? `${duration(leaseLeftMs)} left` : `over for ${duration(-leaseLeftMs)}`

export const bytes = (count: number): string => (count < 1_024 ? `${count} B` : `${(count / 1_024).toFixed(1)} KB`)

export const time = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '')

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** Others that have their turn at a session first. */
export const waitBefore = (waiters: number): string =>
  waiters === 0 ? '' : ` ${plural(waiters, 'process', 'processes')} wait before us.`
