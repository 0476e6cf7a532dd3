import type { Judge } from './judge.js'
import type { Book, Ledger } from './ledger.js'
import type { ServerSlot } from './server-slot.js'

/** The sessions in use at a time. */
const PLACES = 24
/** A session with so many reports is replaced, so that neither it nor its book grows without bound. */
const BOOK_MAX = 120

/** The places of sessions. A long session is replaced, then settled when nobody uses it any more, and forgotten. */
export class Places {
  readonly sessions: string[]
  private readonly settling = new Set<Promise<void>>()
  private turns = 0

  constructor(
    private readonly prefix: string,
    private readonly ledger: Ledger,
    private readonly slots: readonly ServerSlot[],
  ) {
    this.sessions = Array.from({ length: PLACES }, (_, place) => this.fresh(place))
  }

  /** Set once there is one. */
  judge: Judge | undefined

  /** Something was told of this session. */
  noticed(book: Book): void {
    if (book.size < BOOK_MAX) return
    const place = this.sessions.indexOf(book.session)
    if (place < 0) return
    this.sessions[place] = this.fresh(place)
    this.track(this.turn(place, book))
  }

  /** A session without a place, used only by servers that get it in an order. Settle it afterwards. */
  extra(): Book {
    this.turns += 1
    return this.ledger.open(`${this.prefix} extra.${this.turns}`)
  }

  settle(book: Book): void {
    this.track(this.judge?.settle(book) ?? Promise.resolve())
  }

  /** When no server uses anything any more: settles all that is left. */
  async settleAll(): Promise<void> {
    await Promise.all(this.settling)
    await Promise.all(this.ledger.all().map(async (book) => this.judge?.settle(book)))
  }

  private fresh(place: number): string {
    this.turns += 1
    const session = `${this.prefix} ${place}.${this.turns}`
    this.ledger.open(session)
    return session
  }

  /** A server that dies before it answers uses nothing any more, and its successor starts with the new session. */
  private async turn(place: number, book: Book): Promise<void> {
    const session = this.sessions[place] as string
    const order = { type: 'turn', place, session } as const
    const running = this.slots.filter((slot) => slot.isRunning)
    await Promise.all(running.map(async (slot) => slot.ask(order).catch(() => {})))
    await this.judge?.settle(book)
  }

  private track(work: Promise<void>): void {
    this.settling.add(work)
    void work.finally(() => this.settling.delete(work))
  }
}
