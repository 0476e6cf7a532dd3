import type { SessionRecord } from '../../protocol/state/record.js'
import type { Random } from '../support/random.js'
import type { Judge } from './judge.js'

const TTL_MIN_MS = 1_000

/** The lifetimes of their own that sessions have. Each that an access gives is given by no other. */
export class TtlsWatch {
  private readonly announced = new Set<number>()
  private readonly failures = new Set<number>()
  /** The session in which each was stored last. */
  private readonly stored = new Map<number, string>()
  /** A late copy of a commit may store them once more: the table was restored since the first one. */
  private readonly undone = new Set<number>()
  private readonly changes = new Map<string, number>()
  private readonly now = new Map<string, number | undefined>()

  constructor(private readonly judge: Judge) {}

  /** An access is about to give a lifetime: shorter than the usual one, or longer. */
  announce(usualMs: number, random: Random): number {
    let ttlMs: number
    do ttlMs = TTL_MIN_MS + Math.round(usualMs * random.pick([0.5, 1, 2])) + random.integer(1, 100_000)
    while (this.announced.has(ttlMs))
    this.announced.add(ttlMs)
    return ttlMs
  }

  /** How often the session has got another lifetime. */
  changesOf(session: string): number {
    return this.changes.get(session) ?? 0
  }

  /**
   * The access has succeeded: its lifetime was stored, or that of an access which came after it and was committed with
   * it.
   */
  given(session: string, ttlMs: number, changesBefore: number): void {
    if (!this.stored.has(ttlMs) && this.changesOf(session) === changesBefore)
      this.judge.violate('7', 'a lifetime was given, and never stored')
  }

  /** The access has failed without effect. */
  failed(ttlMs: number): void {
    this.failures.add(ttlMs)
  }

  wrote(session: string, { attrs, ttlMs }: SessionRecord, isAfresh: boolean): void {
    if (attrs === undefined) return
    this.check(isAfresh ? undefined : this.now.get(session), ttlMs)
    this.store(session, ttlMs)
  }

  /** The session goes on under another id, with its lifetime. Its origin is not known where its lists are empty. */
  moved(from: string | undefined, to: string, { ttlMs }: SessionRecord): void {
    if (from !== undefined) this.check(this.now.get(from), ttlMs)
    this.store(to, ttlMs)
  }

  restored(session: string, ttlMs: number | undefined): void {
    for (const [stored, where] of this.stored) if (where === session) this.undone.add(stored)
    this.store(session, ttlMs)
  }

  private store(session: string, ttlMs: number | undefined): void {
    if (this.now.get(session) !== ttlMs) this.changes.set(session, 1 + this.changesOf(session))
    this.now.set(session, ttlMs)
    if (ttlMs !== undefined) this.stored.set(ttlMs, session)
  }

  /** At the end of a run. */
  checkFailures(): void {
    for (const ttlMs of this.failures) {
      if (this.stored.has(ttlMs)) this.judge.violate('14', 'an access failed without effect and gave a lifetime')
    }
  }

  private check(was: number | undefined, is: number | undefined): void {
    if (is === was) return
    if (is !== undefined && this.announced.has(is) && (!this.stored.has(is) || this.undone.has(is))) return
    this.judge.violate('7', `the lifetime of a session went from ${was} to ${is}, and nobody gave it that`)
  }
}
