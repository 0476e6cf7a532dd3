import type { SessionKey } from '../../protocol/keys.js'
import { type Absence, absenceOf } from '../../protocol/state/record.js'
import { type HoldfastError, UnreachableError } from '../errors/index.js'
import type { ClientContext } from '../session/context.js'
import type { Ticket } from '../session/ticket.js'
import { readRecord } from './read-record.js'

/** The reads by which accesses find out whether there is a session, before they ask for its lock. */
export class Looks {
  private readonly tickets = new Set<Ticket>()

  constructor(private readonly context: ClientContext) {}

  /**
   * Why there is no session; undefined where there is one. It ends with the time and the signal of the ticket, whose
   * wait begins here.
   */
  async look(key: SessionKey, ticket: Ticket): Promise<Absence | undefined> {
    ticket.checkSignal()
    const { context, tickets } = this
    tickets.add(ticket)
    const over = new AbortController()
    const explain = (waitedMs: number) => context.reads.refusal ?? noAnswer(waitedMs)
    const givenUp = ticket.waitForHold(context.clock, explain, () => tickets.delete(ticket))
    try {
      const record = readRecord(context, key, over.signal)
      const found = await Promise.race([record, givenUp.then(() => undefined)])
      return absenceOf(found, context.clock.wallMs())
    } finally {
      over.abort()
      tickets.delete(ticket)
      ticket.stopWaiting()
    }
  }

  /** Ends the looks of accesses that do not run yet, or of all. */
  refuse(error: HoldfastError, which: 'accesses' | 'all'): void {
    for (const ticket of this.tickets) if (which === 'all' || ticket.role === 'access') ticket.giveUp(error)
  }
}

const noAnswer = (waitedMs: number): UnreachableError =>
  new UnreachableError(`cannot read the session: DynamoDB has not answered within ${waitedMs} ms`)
