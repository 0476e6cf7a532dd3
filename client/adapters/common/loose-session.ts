import { decodeValue } from '../../codec/index.js'
import { SessionChangedError } from '../../errors/index.js'
import { LOCK_ATTRIBUTES_MAX } from '../../limits.js'
import type { Opened } from './client.js'
import type { LoadedSession } from './options.js'
import { isMissing, refuseReplaced } from './replaced.js'
import type { RequestCalls, Seen } from './request-calls.js'
import { changesOf, type Encoded, isSame, type Snapshot, type ValueChanges, type ValueRules } from './values.js'

type Base = Snapshot & Pick<Seen, 'createdAt' | 'ttlMs' | 'aliveUntil' | 'isTouchDue'>

/** A session that a request uses without holding it: what it changed must not have been changed by another meanwhile. */
export class LooseSession {
  private constructor(
    private readonly id: string,
    private readonly lock: 'none' | 'merge',
    private readonly rules: ValueRules,
    private readonly calls: RequestCalls,
    private readonly beside: Promise<void>[],
    private base: Base,
  ) {}

  /**
   * @param beside gets what need not be awaited before the end of the request.
   * @throws {SessionMissingError}
   */
  static async load(
    id: string,
    lock: 'none' | 'merge',
    rules: ValueRules,
    calls: RequestCalls,
    beside: Promise<void>[],
  ): Promise<LooseSession> {
    return new LooseSession(id, lock, rules, calls, beside, await look(id, rules, calls))
  }

  get loaded(): LoadedSession {
    const { ttlMs, aliveUntil, seen } = this.base
    return { values: this.rules.copy(seen), ttlMs, aliveUntil }
  }

  async reload(): Promise<void> {
    this.base = await look(this.id, this.rules, this.calls)
  }

  changes(values: Encoded): ValueChanges | undefined {
    return changesOf(this.base.seen, values)
  }

  async save(values: Encoded, ttlMs: number): Promise<void> {
    const changes = this.changes(values)
    if (changes === undefined) return this.touch(ttlMs)
    await unlessEnded(() => this.write(changes, ttlMs))
  }

  /** Nothing waits for an extension of the life, unless it has another length. */
  async touch(ttlMs: number): Promise<void> {
    const { id, calls, base } = this
    if (ttlMs !== base.ttlMs) {
      await unlessEnded(() => calls.setLifetime(id, ttlMs))
      this.base = { ...base, ttlMs, isTouchDue: false }
    } else if (base.isTouchDue) {
      this.base = { ...base, isTouchDue: false }
      this.beside.push(calls.extendLife(id))
    }
  }

  private async write(changes: ValueChanges, ttlMs: number): Promise<void> {
    const names = [...changes.set.keys(), ...changes.deleted]
    const isWhole = this.lock === 'none' || names.length > LOCK_ATTRIBUTES_MAX
    const session = await this.calls.open(this.id, isWhole ? 'all' : { write: names }, 'fail')
    try {
      this.refuseChanged(session, this.lock === 'none' ? undefined : names)
      await this.commit(session, changes, ttlMs)
    } finally {
      await session[Symbol.asyncDispose]()
    }
  }

  private async commit(session: Opened, changes: ValueChanges, ttlMs: number): Promise<void> {
    for (const [name, encoded] of changes.set) session.state[name] = decodeValue(encoded)
    for (const name of changes.deleted) session.delete(name)
    if (session.ttlMs !== ttlMs) session.ttlMs = ttlMs
    await session.commit()
    const { createdAt, aliveUntil } = session
    const stored = new Map([...this.base.stored, ...changes.set])
    for (const name of changes.deleted) stored.delete(name)
    this.base = { stored, seen: changes.seen, createdAt, ttlMs, aliveUntil, isTouchDue: false }
  }

  /** @param names what must be as it was; everything, where it is undefined. */
  private refuseChanged(session: Opened, names: readonly string[] | undefined): void {
    const { stored, createdAt } = this.base
    if (session.createdAt.getTime() !== createdAt.getTime()) throw new SessionChangedError([])
    const now = this.rules.stored(session.state)
    const changed = (names ?? namesOf(stored, now)).filter((name) => !isSame(stored.get(name), now.get(name)))
    if (changed.length > 0) throw new SessionChangedError(changed)
  }
}

const namesOf = (...all: readonly Encoded[]): string[] => [...new Set(all.flatMap((each) => [...each.keys()]))]

const look = (id: string, rules: ValueRules, calls: RequestCalls): Promise<Base> =>
  calls.look(id, ({ state, createdAt, ttlMs, aliveUntil, isTouchDue }) => {
    return { ...rules.snapshot(state), createdAt, ttlMs, aliveUntil, isTouchDue }
  })

/** The request has loaded the session: however long ago it was ended, that was meanwhile. */
async function unlessEnded(write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    if (isMissing(error)) refuseReplaced(error, Number.POSITIVE_INFINITY)
    throw error
  }
}
