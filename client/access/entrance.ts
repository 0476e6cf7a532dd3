import type { SessionKey } from '../../protocol/keys.js'
import type { Absence } from '../../protocol/state/record.js'
import { ClosedError, type HoldfastError, SessionMissingError } from '../errors/index.js'
import { EXPIRED_IN_USE_MS } from '../limits.js'
import { checkSessionId } from '../options/check.js'
import type { ClientContext } from '../session/context.js'
import type { Hold } from '../session/hold.js'
import { sessionKey } from '../session/session-key.js'
import type { Sessions } from '../session/sessions.js'
import type { Ticket } from '../session/ticket.js'
import type { AccessContext } from './access-context.js'
import type { Joinable } from './join.js'
import { Looks } from './look.js'
import type { Nesting } from './nesting.js'
import { inUse, wasRotated } from './new-id.js'
import { Accesses } from './run.js'

/** The way into the sessions of one client, and out of them. It is shut when the client closes. */
export class Entrance implements AccessContext {
  readonly accesses: Accesses
  private readonly looks: Looks
  private isShut = false

  constructor(
    private readonly context: ClientContext,
    private readonly sessions: Sessions,
  ) {
    this.accesses = new Accesses(context.options.config)
    this.looks = new Looks(context)
  }

  get nesting(): Nesting<Joinable> {
    return this.accesses.nesting
  }

  keyOf(id: string): SessionKey {
    checkSessionId(id)
    const { namespace, idKey } = this.context.options
    return sessionKey(namespace, id, idKey)
  }

  newId(given: string | undefined): { readonly id: string; readonly key: SessionKey } {
    const id = given ?? this.context.randomness.token(32)
    return { id, key: this.keyOf(id) }
  }

  /** Enters the access if it may run at once. */
  tryEnter(key: SessionKey, ticket: Ticket): Hold | undefined {
    const hold = this.isShut ? undefined : this.sessions.tryEnter(key, ticket)
    if (hold !== undefined) this.accesses.begin()
    return hold
  }

  /**
   * Waits until the access may run. A session that must exist and does not is found missing by one read.
   *
   * @param before another look that comes first.
   */
  enter(key: SessionKey, ticket: Ticket, before?: () => Promise<void>): Promise<Hold> {
    return this.counted(async () => {
      if (before !== undefined) await before()
      // Where this process holds or awaits the lock, the access joins its queue now: the claim tells what there is.
      if (ticket.options.ifMissing === 'fail' && !this.sessions.isHeldOrAskedFor(key)) await this.find(key, ticket)
      return this.sessions.enter(key, ticket)
    })
  }

  /** The same for one of several sessions, once {@link findAll} has found all of them. */
  enterFound(key: SessionKey, ticket: Ticket): Promise<Hold> {
    return this.counted(() => this.sessions.enter(key, ticket))
  }

  /** The target of a rotation, by an access that runs: it may go on until all accesses have ended. */
  enterTarget(key: SessionKey, ticket: Ticket): Promise<Hold> {
    return this.sessions.enter(key, ticket)
  }

  /** Looks for all of these sessions at once. Throws a SessionMissingError where one does not exist. */
  async findAll(keys: readonly SessionKey[], ticketFor: () => Ticket): Promise<void> {
    const unknown = keys.filter((key) => !this.sessions.isHeldOrAskedFor(key))
    const looks = unknown.map((key) => ({ key, ticket: ticketFor() }))
    const find = ({ key, ticket }: (typeof looks)[number]) =>
      this.find(key, ticket).catch((error: HoldfastError) => {
        for (const other of looks) other.ticket.giveUp(error)
        throw error
      })
    await this.counted(() => Promise.all(looks.map(find)))
    this.accesses.end()
  }

  /** Refuses the id of a session, at once and without waiting for its lock. A race is decided when that is granted. */
  async checkUnused(key: SessionKey, ticket: Ticket, name: string): Promise<void> {
    const absence = await this.looks.look(key, ticket)
    if (ticket.role === 'access') this.checkOpen()
    if (absence === undefined) throw inUse(name)
    if (absence.reason === 'rotated') throw wasRotated(name)
  }

  /** Leaves what an access that has not begun has entered. */
  leave(hold: Hold, ticket: Ticket): void {
    hold.leave(ticket, undefined, 'unused')
    this.accesses.end()
  }

  checkOpen(): void {
    if (this.isShut) throw new ClosedError()
  }

  /** Fails the accesses that wait, and lets no more in. Resolves when those that run have ended, or after `drainMs`. */
  async shut(drainMs: number): Promise<void> {
    const error = new ClosedError()
    this.isShut = true
    this.looks.refuse(error, 'accesses')
    this.sessions.refuse(error, this.accesses.isAny)
    await this.accesses.quiet(this.context.clock, drainMs)
    this.looks.refuse(error, 'all')
  }

  /** Looks for a session that must exist. Throws a SessionMissingError. */
  private async find(key: SessionKey, ticket: Ticket): Promise<void> {
    const absence = await this.looks.look(key, ticket)
    if (absence !== undefined && !this.mayBeInUse(absence)) {
      throw SessionMissingError.of(absence, this.context.clock.wallMs())
    }
    // The client may have begun to close in this very moment.
    if (ticket.role === 'access') this.checkOpen()
  }

  /** It has ended by its record, but another process may be using it, which extends its life. Its lock tells. */
  private mayBeInUse({ reason, endedAt }: Absence): boolean {
    const { clock, options } = this.context
    if (reason !== 'expired' || endedAt === undefined || options.isFixedExpiry) return false
    return clock.wallMs() - endedAt < EXPIRED_IN_USE_MS
  }

  /** Counts the access from before its wait until it has ended. */
  private async counted<T>(wait: () => Promise<T>): Promise<T> {
    this.checkOpen()
    this.accesses.begin()
    try {
      return await wait()
    } catch (error) {
      this.accesses.end()
      throw error
    }
  }
}
