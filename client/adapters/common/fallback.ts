import { type HoldfastErrorCode, isHoldfastError, MigrationError, UnreachableError } from '../../errors/index.js'
import { shownKey } from '../../errors/shown-key.js'
import type { Values } from './client.js'
import type { FallbackStore } from './options.js'

/** A session of the old store that may be taken over. */
export interface Found {
  readonly values: Values
  /** Undefined for the lifetime of the client's sessions. */
  readonly ttlMs: number | undefined
}

type Done<T> = (error?: unknown, result?: T | null) => void
type Call<T> = (done: Done<T>) => unknown

/** The store of an application before this one, from which its sessions are taken over. */
export class Fallback {
  constructor(
    private readonly store: FallbackStore,
    private readonly isDestroying: boolean,
    private readonly timeoutMs: number,
  ) {}

  /** @throws {UnreachableError} where the store fails, or does not answer in time. */
  async find(id: string): Promise<Found | undefined> {
    const found = await this.ask<unknown>((done) => this.store.get(id, done))
    if (typeof found !== 'object' || found === null) return undefined
    const ttlMs = lifetimeOf('cookie' in found ? found.cookie : undefined, Date.now())
    return ttlMs !== undefined && ttlMs <= 0 ? undefined : { values: found as Values, ttlMs }
  }

  /** The session has been taken over. Where this fails, the old one is left, and not asked for while there is a new one. */
  async takenOver(id: string): Promise<void> {
    if (this.isDestroying) await this.destroy(id).catch(() => {})
  }

  /**
   * The session ends: what the old store has of it would come back once it is forgotten here that it was ended.
   *
   * @throws as {@link find}.
   */
  async destroy(id: string): Promise<void> {
    const { store } = this
    if (store.destroy !== undefined) await this.ask((done) => store.destroy?.(id, done))
  }

  private ask<T>(call: Call<T>): Promise<T | null | undefined> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new UnreachableError(`the fallback store has not answered within ${this.timeoutMs} ms`)),
        this.timeoutMs,
      ).unref()
      const done: Done<T> = (error, result) => {
        clearTimeout(timer)
        if (isFailure(error)) reject(failed(error))
        else resolve(result)
      }
      void told(call, done)
    })
  }
}

/** The functions of some stores are async. */
async function told<T>(call: Call<T>, done: Done<T>): Promise<void> {
  try {
    await call(done)
  } catch (error) {
    done(error)
  }
}

const UNSTORABLE: ReadonlySet<HoldfastErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'INVALID_VALUE',
  'SCHEMA_MISMATCH',
  'TOO_LARGE',
])

/**
 * Takes a session of the old store over.
 *
 * @throws {MigrationError} where it cannot be stored here.
 */
export async function storable<T>(takeOver: () => Promise<T>): Promise<T> {
  try {
    return await takeOver()
  } catch (error) {
    throw isHoldfastError(error) && UNSTORABLE.has(error.code) ? new MigrationError(error) : error
  }
}

/** As express-session has it. A file that is missing is a session that is missing. */
const isFailure = (error: unknown): boolean =>
  Boolean(error) && (error as { readonly code?: unknown }).code !== 'ENOENT'

/** The error itself may show the session's id, which it was given. */
function failed(error: unknown): UnreachableError {
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown }
  const what = [name, code].filter((part) => typeof part === 'string').map(shownKey)
  return new UnreachableError(`the fallback store failed${what.length === 0 ? '' : ` with ${what.join(', ')}`}`)
}

/** How long the session lives by its cookie, as express-session stores it. */
function lifetimeOf(cookie: unknown, nowMs: number): number | undefined {
  if (typeof cookie !== 'object' || cookie === null) return undefined
  const { expires, maxAge, originalMaxAge } = cookie as { readonly [name: string]: unknown }
  const untilMs = typeof expires === 'string' || expires instanceof Date ? new Date(expires).getTime() : Number.NaN
  if (!Number.isNaN(untilMs)) return untilMs - nowMs
  return [maxAge, originalMaxAge].find((ms) => typeof ms === 'number' && Number.isFinite(ms)) as number | undefined
}
