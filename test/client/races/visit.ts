import type { Session } from '../../../client/access/session.js'
import type { LockSpec } from '../../../client/attribute-locks/lock-request.js'
import type { SessionKey } from '../../../protocol/keys.js'
import { levelsOf } from '../attribute-locks/model.js'
import type { Order } from './order.js'
import { type Deed, NAMES, type Visiting } from './plan.js'
import { type Guest, isSame, type Mark, shown, type Watch } from './watch.js'

export type RaceSession = Session<Record<string, string[]>, Record<string, string[]>>

/** What a failure that the plan itself asked for looks like. */
export class PlannedFailure extends Error {}

/** What a visit needs of the race that it is part of. */
export interface Surroundings {
  readonly order: Order
  readonly watch: Watch
  /** A new mark, never used before. */
  mark(): string
  /** Begins an access inside the access. */
  nest(spec: LockSpec): Promise<void>
  /** Checks an error that a call inside the access has ended with. */
  mayFail(error: unknown, deed: Deed): void
  /** Notes a call whose end the access does not await. */
  begun(who: string, call: Promise<unknown>): void
}

interface Place {
  readonly session: RaceSession
  readonly key: SessionKey
  readonly guest: Guest
  /** What was seen of each attribute when it was locked. */
  readonly seen: Map<string, readonly string[]>
  readonly since: number
}

/** One access from the inside: does what the plan says, looks at everything it has locked, and notes what it wrote. */
export class Visit {
  /** Written and not committed. */
  marks: Mark[] = []
  readonly own = new Set<string>()
  private places: readonly Place[] = []
  private isOver = false

  constructor(
    private readonly who: string,
    private readonly client: number,
    private readonly plan: Visiting,
    private readonly keys: readonly SessionKey[],
    private readonly since: readonly number[],
    private readonly around: Surroundings,
  ) {}

  async work(sessions: readonly RaceSession[]): Promise<void> {
    const { who, client } = this
    this.places = sessions.map((session, i) => {
      const { epoch, signal } = session
      const key = this.keys[i] as SessionKey
      const guest: Guest = { who, client, session: key, epoch, signal, levels: levelsOf(this.plan.spec) }
      return { session, key, guest, seen: new Map(), since: this.since[i] as number }
    })
    for (const { guest } of this.places) this.around.watch.enter(guest)
    try {
      this.look()
      for (const deed of this.plan.deeds) {
        await this.perform(deed)
        this.look()
      }
      this.write()
    } catch (error) {
      this.end()
      throw error
    }
  }

  /** Nothing is looked at any more: what is locked from now on is not committed under these locks. */
  rest(): void {
    this.isOver = true
  }

  /** The work is over: what it has locked may be another's from now on. */
  end(): void {
    this.rest()
    for (const { guest } of this.places) this.around.watch.leave(guest)
  }

  /** The access was told that all is stored. */
  succeeded(): void {
    const { who, marks, around } = this
    around.watch.acknowledged(who, marks)
    for (const { key, seen, since } of this.places)
      around.watch.seen(who, key, Object.fromEntries(seen), since, this.own)
  }

  private async perform(deed: Deed): Promise<void> {
    const { order, nest } = this.around
    switch (deed.kind) {
      case 'pause':
        return order.turn(`${this.who} goes on`)
      case 'write':
        return this.write()
      case 'fail':
        throw new PlannedFailure('as planned')
      case 'commit':
        return this.commit()
      case 'nest':
        return nest(deed.spec)
      case 'tryLock':
        if (this.first.session.tryLock(deed.spec as never) !== undefined) this.widen(deed.spec)
        return
      case 'lock': {
        const locking = this.lock(deed)
        this.around.begun(`${this.who} locks more`, locking)
        return deed.isAwaited ? locking : undefined
      }
    }
  }

  private async lock(deed: Deed & { kind: 'lock' }): Promise<void> {
    const { spec, timeoutMs } = deed
    const { session, guest } = this.first
    try {
      await session.lock(spec as never, timeoutMs === undefined ? {} : { timeoutMs })
      this.widen(spec)
    } catch (error) {
      this.around.mayFail(error, deed)
      // It keeps what it had.
      if (!guest.signal.aborted && deed.isAwaited) this.look()
    }
  }

  private get first(): Place {
    return this.places[0] as Place
  }

  private widen(spec: LockSpec): void {
    const { guest } = this.first
    // A lock that nobody awaits may be there just before the end, or be dropped by it.
    if (this.isOver) return
    const more = levelsOf(spec)
    guest.levels = guest.levels.map((level, i) => Math.max(level, more[i] ?? 0))
    this.look()
  }

  /** Reads all that is locked: since it was locked, nobody else can have changed it. */
  private look(): void {
    for (const { session, guest, seen } of this.places) {
      if (guest.signal.aborted) continue
      this.around.watch.look(guest)
      for (const [i, name] of NAMES.entries()) {
        if ((guest.levels[i] ?? 0) === 0) continue
        const now = (session.state[name] ?? []).filter((mark) => !this.own.has(mark))
        const before = seen.get(name) ?? now
        this.around.watch.expect(
          isSame(before, now),
          `${this.who} saw ${name} change from ${shown(before)} to ${shown(now)}`,
        )
        seen.set(name, before)
      }
    }
  }

  private write(): void {
    for (const { session, key, guest } of this.places) {
      const names = NAMES.filter((_name, i) => guest.levels[i] === 2)
      if (names.length === 0 || guest.signal.aborted) continue
      const text = this.around.mark()
      this.own.add(text)
      for (const name of names) session.state[name] = [...(session.state[name] ?? []), text]
      this.marks.push({ text, session: key, names })
    }
  }

  private async commit(): Promise<void> {
    const { watch } = this.around
    const committed = this.marks.filter(({ session }) => session === this.first.key)
    this.marks = this.marks.filter(({ session }) => session !== this.first.key)
    try {
      await this.first.session.commit()
    } catch (error) {
      // Its outcome is that of the access, which fails as well.
      this.marks.push(...committed)
      throw error
    }
    watch.acknowledged(this.who, committed)
  }
}
