import { OPTION_MS_MAX, TTL_MAX_MS, TTL_MIN_MS } from '../limits.js'
import { checkKeys, integer, type Keys, refused } from './check.js'

/** When an access resolves. `access`: when its changes are in DynamoDB. `release`: at once; they are written later. */
export type Durability = 'access' | 'release'

/** What an access does where there is no session. */
export type IfMissing = 'create' | 'fail'

/** Options of one access. */
export interface AccessOptions {
  /** Ends the wait for the locks when it is aborted. It does not stop a running access. */
  readonly signal?: AbortSignal
  /**
   * How long to wait for the locks, in milliseconds: 1 to 86,400,000 (a day).
   * @default - the client's `timeoutMs`
   */
  readonly timeoutMs?: number
  /**
   * For an id without a session: `create` creates the session when the access succeeds, `fail` throws a
   * SessionMissingError. `fail` costs one read where this process does not hold the session, and nothing else where
   * there is none.
   * @default - the client's `ifMissing`
   */
  readonly ifMissing?: IfMissing
  /**
   * When the access resolves; see {@link HoldfastOptions.durability}.
   * @default - the client's `durability`
   */
  readonly durability?: Durability
  /**
   * Gives the session this lifetime, as `session.ttlMs = …` at the start of the work does. 1,000 (a second) to
   * 34,560,000,000 (400 days).
   * @default - the session keeps the lifetime that it has
   */
  readonly ttlMs?: number
  /**
   * Names this access in a DeadlockError, and in the WaitTimeoutError of others that wait for it. Not a secret: never
   * an id.
   * @default 'access'
   */
  readonly label?: string
}

/** Options of {@link Holdfast.create}. */
export interface CreateOptions extends Omit<AccessOptions, 'ifMissing'> {
  /**
   * The id of the new session. It must not be in use.
   * @default - a new random id of 256 bits
   */
  readonly id?: string
}

/** Options of {@link Holdfast.destroy}. */
export type DestroyOptions = Omit<AccessOptions, 'ifMissing' | 'ttlMs'>

/** Options of {@link Holdfast.rotate}. */
export interface RotateOptions extends Omit<AccessOptions, 'ifMissing' | 'durability'> {
  /**
   * The new id. It must not be in use.
   * @default - a new random id of 256 bits
   */
  readonly to?: string
}

/** Options of `session.lock`. */
export interface LockOptions {
  /**
   * How long to wait for the locks, in milliseconds: 1 to 86,400,000 (a day).
   * @default - the access's `timeoutMs`
   */
  readonly timeoutMs?: number
}

/** The options of an access, checked and complete. */
export interface CompiledAccessOptions {
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  readonly ifMissing: IfMissing
  readonly durability: Durability
  readonly ttlMs: number | undefined
  readonly label: string
}

const ACCESS_KEYS: Keys<AccessOptions> = {
  signal: true,
  timeoutMs: true,
  ifMissing: true,
  durability: true,
  ttlMs: true,
  label: true,
}
const CREATE_KEYS: Keys<CreateOptions> = {
  signal: true,
  timeoutMs: true,
  durability: true,
  ttlMs: true,
  label: true,
  id: true,
}
const DESTROY_KEYS: Keys<DestroyOptions> = { signal: true, timeoutMs: true, durability: true, label: true }
const ROTATE_KEYS: Keys<RotateOptions> = { signal: true, timeoutMs: true, ttlMs: true, label: true, to: true }
/** The options of the calls for which `ifMissing` has no meaning. */
const CALL_KEYS = { create: CREATE_KEYS, destroy: DESTROY_KEYS, rotate: ROTATE_KEYS } as const
const LOCK_KEYS: Keys<LockOptions> = { timeoutMs: true }

type AccessDefaults = Pick<CompiledAccessOptions, 'timeoutMs' | 'ifMissing' | 'durability'>

/** Checks the options of an access before anything happens, and completes them with the client's defaults. */
export function compileAccessOptions(
  options: AccessOptions | undefined,
  defaults: AccessDefaults,
): CompiledAccessOptions {
  const { timeoutMs, ifMissing, durability } = defaults
  if (options === undefined) {
    return { signal: undefined, timeoutMs, ifMissing, durability, ttlMs: undefined, label: 'access' }
  }
  checkKeys(options, ACCESS_KEYS, 'an access')
  const { signal, label = 'access' } = options
  if (signal !== undefined && !isAbortSignal(signal)) throw refused('signal', 'an AbortSignal', signal)
  if (typeof label !== 'string') throw refused('label', 'a string', label)
  return {
    signal,
    timeoutMs: integer('timeoutMs', options.timeoutMs ?? timeoutMs, 1, OPTION_MS_MAX, refused),
    ifMissing: compileIfMissing(options.ifMissing ?? ifMissing),
    durability: compileDurability(options.durability ?? durability),
    ttlMs: options.ttlMs === undefined ? undefined : compileTtlMs(options.ttlMs),
    label,
  }
}

/**
 * Checks its properties: under jsdom, and in contexts of `node:vm`, AbortSignal is another class than in Node.js
 * itself.
 */
const isAbortSignal = (signal: AbortSignal): boolean =>
  typeof signal === 'object' &&
  signal !== null &&
  typeof signal.aborted === 'boolean' &&
  typeof signal.addEventListener === 'function' &&
  typeof signal.removeEventListener === 'function'

/** Refuses options that a call does not have, `ifMissing` among them. */
export function checkCallOptions(options: unknown, call: keyof typeof CALL_KEYS): void {
  if (options !== undefined) checkKeys(options, CALL_KEYS[call], call)
}

/** The `timeoutMs` of a call that has no other option. */
export function compileTimeoutMs(options: LockOptions, where: string, defaultMs: number): number {
  checkKeys(options, LOCK_KEYS, where)
  return integer('timeoutMs', options.timeoutMs ?? defaultMs, 1, OPTION_MS_MAX, refused)
}

/** Checks a lifetime, of a client's sessions or of one. */
export const compileTtlMs = (value: unknown): number => integer('ttlMs', value, TTL_MIN_MS, TTL_MAX_MS, refused)

/** Checks a durability, of a client or of an access. */
export function compileDurability(value: unknown): Durability {
  if (value === 'access' || value === 'release') return value
  throw refused('durability', "'access' or 'release'", value)
}

/** Checks `ifMissing`, of a client or of an access. */
export function compileIfMissing(value: unknown): IfMissing {
  if (value === 'create' || value === 'fail') return value
  throw refused('ifMissing', "'create' or 'fail'", value)
}
