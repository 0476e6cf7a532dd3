import type { SessionRecord } from '../../protocol/state/record.js'
import type { CompiledOptions } from '../options/client-options.js'
import type { Clock } from '../ports.js'

/** The life of a held session: since when it exists, how often it was committed, and until when it lives. */
export class SessionLife {
  createdAt: number
  /** When the last access ended. */
  accessedAt: number
  /** Commits so far, those of earlier holders included. */
  rev: number
  /** As last committed. */
  private aliveUntilMs: number

  /** @param isNew created by this grant, and not committed to since. */
  constructor(
    record: SessionRecord,
    public isNew: boolean,
    private readonly clock: Clock,
    private readonly options: Pick<CompiledOptions, 'ttlMs' | 'touchShare' | 'isFixedExpiry'>,
  ) {
    this.createdAt = record.createdAt
    this.accessedAt = record.accessedAt
    this.rev = record.rev
    this.aliveUntilMs = record.aliveUntil
  }

  get untilMs(): number {
    return this.aliveUntilMs
  }

  get isOver(): boolean {
    return this.aliveUntilMs <= this.clock.wallMs()
  }

  /** Until when the session would live if it were committed now. */
  get extendedUntilMs(): number {
    return this.options.isFixedExpiry ? this.aliveUntilMs : this.clock.wallMs() + this.options.ttlMs
  }

  /** Enough of the life has passed for an access without changes to extend it. */
  get isTouchDue(): boolean {
    const { ttlMs, touchShare, isFixedExpiry } = this.options
    return !isFixedExpiry && this.aliveUntilMs - this.clock.wallMs() <= ttlMs * (1 - touchShare)
  }

  accessed(): void {
    this.accessedAt = this.clock.wallMs()
  }

  committed(aliveUntilMs: number): void {
    this.aliveUntilMs = aliveUntilMs
    this.rev += 1
  }

  /** Goes on under another id, with one commit for the move. */
  takeOver(from: SessionLife, aliveUntilMs: number): void {
    this.createdAt = from.createdAt
    this.rev = from.rev + 1
    this.aliveUntilMs = aliveUntilMs
    this.isNew = false
  }
}
