import type { Absence } from '../../protocol/state/record.js'
import { type HoldfastError, RefusedError, SessionMissingError } from '../errors/index.js'
import { LOCAL_WAITERS_MAX } from '../limits.js'
import type { Clock } from '../ports.js'
import type { Ticket } from './ticket.js'

const NONE: ReadonlySet<Ticket> = new Set()

/** Accesses of this process that wait for a session, in line. */
export class Waiting {
  /** Made when there is a first one. */
  private tickets: Set<Ticket> | undefined
  /** Those that waited when the last claim began. */
  private atClaim: ReadonlySet<Ticket> = NONE
  /** Set when the client closes: no access may wait here any more. */
  private refusal: HoldfastError | undefined
  /** Some have waited here since then, without a pause. */
  private sinceMs = 0

  constructor(private readonly clock: Clock) {}

  get count(): number {
    return this.tickets?.size ?? 0
  }

  /** How long some have waited here, without a pause. */
  get waitedMs(): number {
    return this.count === 0 ? 0 : Math.round(this.clock.monotonicMs() - this.sinceMs)
  }

  /** Throws a RefusedError where too many accesses wait, with those that wait in the hold. */
  checkRoom(queuedInHold: number): void {
    if (this.count + queuedInHold < LOCAL_WAITERS_MAX) return
    const problem = `${LOCAL_WAITERS_MAX} accesses of this process wait for this session already`
    throw new RefusedError('LOCAL_QUEUE_FULL', problem, true)
  }

  add(ticket: Ticket): void {
    this.began()
    this.tickets ??= new Set()
    this.tickets.add(ticket)
  }

  /** Puts accesses back in line, ahead of all that wait now. */
  putBack(tickets: readonly Ticket[]): void {
    this.began()
    this.tickets = new Set([...tickets, ...(this.tickets ?? NONE)])
    if (this.refusal !== undefined) this.refuse(this.refusal)
  }

  takeAll(): Iterable<Ticket> {
    const all = this.tickets ?? NONE
    this.tickets = undefined
    this.atClaim = NONE
    return all
  }

  /** Returns false where it does not wait here. */
  remove(ticket: Ticket): boolean {
    return this.tickets?.delete(ticket) === true
  }

  fail(error: HoldfastError, isMeant: (ticket: Ticket) => boolean = () => true): void {
    for (const ticket of [...(this.tickets ?? NONE)].filter(isMeant)) {
      this.tickets?.delete(ticket)
      ticket.fail(error)
    }
  }

  /** Returns whether accesses wait, and all of them expect no session. */
  claimBegins(): boolean {
    this.atClaim = new Set(this.tickets)
    return this.count > 0 && [...this.atClaim].every(({ expectsNone }) => expectsNone)
  }

  /** The claim failed. If its obstacle may pass, accesses that came meanwhile go on, and get a claim of their own. */
  failClaim(error: HoldfastError): void {
    this.fail(error, (ticket) => !error.retryable || this.atClaim.has(ticket))
  }

  /** There is no such session: fails the accesses that do not create one. None is created where it was rotated. */
  failMissing(absence: Absence, nowMs: number): void {
    for (const ticket of this.tickets ?? NONE) {
      if (ticket.options.ifMissing !== 'fail' && absence.reason !== 'rotated') continue
      this.tickets?.delete(ticket)
      ticket.fail(SessionMissingError.of(absence, nowMs))
    }
  }

  /** The client closes: fails all that wait or would, but for extensions and targets of accesses that run. */
  refuse(error: HoldfastError): void {
    this.refusal = error
    this.fail(error, ({ role }) => role === 'access')
  }

  private began(): void {
    if (this.count === 0) this.sinceMs = this.clock.monotonicMs()
  }
}
