import type { LockSpec } from '../../attribute-locks/lock-request.js'
import { decodeValue } from '../../codec/index.js'
import type { IfMissing } from '../../options/access-options.js'
import type { Client, Handle, Opened } from './client.js'
import { extendLife, LIFE } from './life.js'
import type { RequestOptions } from './options.js'
import { endedAs, isMissing } from './replaced.js'
import type { Shared } from './shared.js'
import type { Encoded } from './values.js'

/** A session as it is now. */
export interface Seen {
  readonly state: object
  readonly createdAt: Date
  readonly ttlMs: number
  readonly aliveUntil: Date
  readonly isTouchDue: boolean
}

/** The calls of one request to the client, with the bounds of its waits. */
export class RequestCalls {
  private readonly holdfast: Client
  /** A request hashes each of its ids once. */
  private readonly handles = new Map<string, Handle>()
  private readonly waits: { readonly signal: AbortSignal; readonly timeoutMs: number; readonly label?: string }

  constructor(
    private readonly shared: Shared,
    private readonly options: RequestOptions,
    signal: AbortSignal,
  ) {
    const { holdfast, timeoutMs } = shared.options
    const { label } = options
    this.holdfast = holdfast
    this.waits = { signal, timeoutMs, ...(label === undefined ? {} : { label }) }
  }

  open(id: string, locks: LockSpec, ifMissing: IfMissing): Promise<Opened> {
    const options = { ...this.waits, ifMissing }
    return this.counted(id, () => this.of(id).open(locks as 'all', options))
  }

  /**
   * Reads the last commit. Where that has ended, its lock tells why, and whether a request that began in time uses it
   * still: that costs one more read.
   *
   * @throws {SessionMissingError}
   */
  async look<T>(id: string, see: (seen: Seen) => T): Promise<T> {
    const peeked = await this.of(id).peek()
    if (peeked !== undefined) return see(peeked)
    const options = { ...this.waits, ifMissing: 'fail' } as const
    return this.counted(id, () =>
      this.of(id).access(
        { all: 'read' },
        ({ state, createdAt, ttlMs, aliveUntil }) => see({ state, createdAt, ttlMs, aliveUntil, isTouchDue: false }),
        options,
      ),
    )
  }

  /** Gives the session another lifetime. */
  async setLifetime(id: string, ttlMs: number): Promise<void> {
    const options = { ...this.waits, ttlMs, ifMissing: 'fail', durability: 'access' } as const
    await this.counted(id, () => this.of(id).access(LIFE, () => {}, options))
  }

  extendLife(id: string): Promise<void> {
    return extendLife(this.of(id), this.waits.timeoutMs)
  }

  async destroy(id: string): Promise<void> {
    await this.counted(id, () => this.of(id).destroy(this.waits))
  }

  /**
   * Makes a session with these values under an id, unless there is one, or it was destroyed or rotated.
   *
   * @returns the session, open, where it was made or has been made meanwhile.
   * @throws {SessionMissingError} where it was destroyed or rotated.
   */
  async adopt(id: string, ttlMs: number, values: Encoded): Promise<Opened> {
    const session = await this.open(id, 'all', 'create')
    try {
      if (session.isNew) {
        await this.refuseEnded(id, session)
        for (const [name, encoded] of values) session.state[name] = decodeValue(encoded)
        if (session.ttlMs !== ttlMs) session.ttlMs = ttlMs
        await session.commit()
      }
      return session
    } catch (error) {
      await session[Symbol.asyncDispose]()
      throw error
    }
  }

  /** An access inside it tells why there was no session, and nobody can end or make one meanwhile. */
  private async refuseEnded(id: string, session: Opened): Promise<void> {
    const inside = session.run(() => this.of(id).access('all', () => {}, { ifMissing: 'fail' }))
    await inside.catch((error: unknown) => {
      if (!isMissing(error) || endedAs(error) !== undefined) throw error
    })
  }

  private of(id: string): Handle {
    const known = this.handles.get(id)
    if (known !== undefined) return known
    const handle = this.holdfast.session(id)
    this.handles.set(id, handle)
    return handle
  }

  /** A request under 'merge' holds the session only while it saves: many at once are soon done, and none is refused. */
  private counted<T>(id: string, wait: () => Promise<T>): Promise<T> {
    return this.options.lock === 'merge' ? wait() : this.shared.waiting.during(id, wait)
  }
}
