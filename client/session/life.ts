import { type Absence, absenceOf, type SessionRecord } from '../../protocol/state/record.js'
import type { Life } from '../../protocol/state/writes.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock } from '../ports.js'

/** A life, as far as its end depends on it where an access gives the session another lifetime. */
export interface Lifetime {
  /** The lifetime of this session, where it has one of its own. */
  readonly ownTtlMs: number | undefined
  /** The lifetime counts from `createdAt`. */
  readonly isFixed: boolean
  readonly createdAt: number
}

/** Whether this lifetime is another than the one that is stored with the session. */
export const isOtherTtl = ({ ownTtlMs }: Lifetime, ttlMs: number | undefined): ttlMs is number =>
  ttlMs !== undefined && ttlMs !== ownTtlMs

/** Until when a session would live if it were committed now, with this lifetime. */
export const untilWith = ({ isFixed, createdAt }: Lifetime, ttlMs: number, nowMs: number): number =>
  (isFixed ? createdAt : nowMs) + ttlMs

/** The life of a held session: whether and since when it exists, and until when it lives. */
export class SessionLife implements Lifetime {
  createdAt: number
  /** When the last access ended. */
  accessedAt: number
  /** Why there is no session yet: this grant has claimed it afresh, and no access has committed to it since. */
  absence: Absence | undefined
  /** As last committed, or as it will be when the session is born. */
  untilMs: number
  /** The lifetime of this session, where it has one of its own. */
  ownTtlMs: number | undefined
  /** The end of a fixed life, with what is staged. */
  private fixedUntilMs: number

  /** @param isNew claimed afresh by this grant. */
  constructor(
    record: SessionRecord,
    isNew: boolean,
    private readonly clock: Clock,
    private readonly options: Pick<CompiledOptions, 'ttlMs' | 'touchShare' | 'isFixedExpiry'>,
  ) {
    this.createdAt = record.createdAt
    this.accessedAt = record.accessedAt
    this.ownTtlMs = record.ttlMs
    this.absence = isNew ? absenceOf(record, clock.wallMs()) : undefined
    this.untilMs = isNew ? clock.wallMs() + this.ttlMs : record.aliveUntil
    this.fixedUntilMs = this.untilMs
  }

  /** No access has committed to it, nor staged a commit. */
  get isNew(): boolean {
    return this.absence !== undefined
  }

  get isFixed(): boolean {
    return !this.isNew && this.options.isFixedExpiry
  }

  get ttlMs(): number {
    return this.ownTtlMs ?? this.options.ttlMs
  }

  /**
   * Whether the session has ended. A rolling life does not end while it is in use: accesses run, or their changes are
   * to be written.
   */
  isOverAt(nowMs: number, isInUse: boolean): boolean {
    if (this.isNew || (isInUse && !this.options.isFixedExpiry)) return false
    return this.untilMs <= nowMs
  }

  /** Until when the session would live if it were committed now, with this lifetime where one is given. */
  extendedUntilMs(ttlMs?: number): number {
    if (ttlMs === undefined && this.isFixed) return this.fixedUntilMs
    return untilWith(this, ttlMs ?? this.ttlMs, this.clock.wallMs())
  }

  /** Its life, as a commit at this time leaves it. */
  get extended(): Life {
    const { createdAt, ownTtlMs, clock } = this
    return { createdAt, aliveUntil: this.extendedUntilMs(), ttlMs: ownTtlMs, nowMs: clock.wallMs() }
  }

  /** Enough of the life has passed for an access without changes to extend it. */
  isTouchDueAt(nowMs: number): boolean {
    const { touchShare, isFixedExpiry } = this.options
    if (this.isNew || isFixedExpiry) return false
    return this.untilMs - nowMs <= this.ttlMs * (1 - touchShare)
  }

  /** A commit is staged, with a lifetime for the session where one was given. The first one gives birth to it. */
  staged(ttlMs: number | undefined): void {
    const { isNew } = this
    this.absence = undefined
    if (isNew) this.createdAt = this.clock.wallMs()
    if (ttlMs !== undefined) this.ownTtlMs = ttlMs
    if (isNew || ttlMs !== undefined) this.fixedUntilMs = this.createdAt + this.ttlMs
    if (isNew) this.untilMs = this.fixedUntilMs
  }

  committed(aliveUntil: number): void {
    this.untilMs = aliveUntil
  }

  /** The session that moved here, as its commit left it. */
  takeOver({ createdAt, aliveUntil, ttlMs }: Life, accessedAt: number): void {
    this.absence = undefined
    this.createdAt = createdAt
    this.accessedAt = accessedAt
    this.ownTtlMs = ttlMs
    this.untilMs = aliveUntil
    this.fixedUntilMs = aliveUntil
  }
}
