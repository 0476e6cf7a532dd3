import { sessionKey } from '../../client/session/session-key.js'
import type { Appended, ListName, Outcome, Report } from './messages.js'

/** One append, and its reported outcome. Times are those of {@link nowMs}. */
export interface Entry {
  readonly token: string
  readonly list: ListName
  /** The server process that appended it. */
  readonly by: string
  readonly calledAtMs: number
  outcome: Outcome | 'running'
  endedAtMs: number
  /** Where in the list the access put it, and under which epoch. */
  index: number
  epoch: number
}

/** A reading access: how many values of a list it saw, and when it was called. */
export interface Look {
  readonly list: ListName
  readonly length: number
  readonly calledAtMs: number
}

/** All reports about one session. It is forgotten with the session. */
export class Book {
  readonly entries = new Map<string, Entry>()
  readonly looks: Look[] = []
  /** The longest version of each list that a reader saw. */
  readonly seen: { readonly [L in ListName]: string[] } = { A: [], B: [] }
  /** The process that each epoch was given to. */
  readonly grants = new Map<number, string>()
  /** When a process last lost the session with changes unwritten. */
  readonly losses = new Map<string, number>()

  constructor(
    readonly session: string,
    readonly key: string,
  ) {}

  /** Whether this value must be in its list. One to be written behind must be, too, unless its loss was reported. */
  owes({ outcome, by, calledAtMs }: Entry): boolean {
    return outcome === 'acknowledged' || (outcome === 'weak' && calledAtMs > (this.losses.get(by) ?? 0))
  }

  get size(): number {
    return this.entries.size + this.looks.length
  }
}

/** Takes down each report as it arrives, so that all acknowledgements before a server was killed count. */
export class Ledger {
  private readonly books = new Map<string, Book>()
  private readonly byKey = new Map<string, Book>()
  private readonly bookOf = new Map<string, Book>()

  constructor(
    private readonly namespace: string,
    private readonly violate: (problem: string) => void,
  ) {}

  /** The sessions that are not settled. */
  all(): Book[] {
    return [...this.books.values()]
  }

  open(session: string): Book {
    const book = new Book(session, sessionKey(this.namespace, session))
    this.books.set(session, book)
    this.byKey.set(book.key, book)
    return book
  }

  forget(book: Book): void {
    this.books.delete(book.session)
    this.byKey.delete(book.key)
    for (const token of book.entries.keys()) this.bookOf.delete(token)
  }

  /** Takes down a report, and returns the session that it was about. */
  note(by: string, report: Report): Book | undefined {
    if (report.type === 'begun') return this.begin(by, report)
    if (report.type === 'read') return this.look(report)
    if (report.type === 'granted') this.grant(by, report)
    if (report.type === 'lost') this.byKey.get(report.sessionKey)?.losses.set(by, report.atMs)
    if (report.type === 'ended') {
      for (const appended of report.appended) this.end(appended, report.outcome, report.endedAtMs)
    }
    return undefined
  }

  /** This process is gone, and all its reports have arrived. Returns how many of its appends have no known outcome. */
  died(by: string): number {
    const own = [...this.books.values()]
      .flatMap(({ entries }) => [...entries.values()])
      .filter((entry) => entry.by === by)
    const untold = own.filter(({ outcome }) => outcome === 'running')
    for (const entry of own) if (entry.outcome === 'running' || entry.outcome === 'weak') entry.outcome = 'unknown'
    return untold.length
  }

  private begin(by: string, { session, list, token, calledAtMs }: Extract<Report, { type: 'begun' }>) {
    const book = this.bookAt(session)
    const entry: Entry = { token, list, by, calledAtMs, outcome: 'running', endedAtMs: 0, index: -1, epoch: 0 }
    book?.entries.set(token, entry)
    if (book !== undefined) this.bookOf.set(token, book)
    return book
  }

  private end({ token, index, epoch }: Appended, outcome: Outcome, endedAtMs: number): void {
    const entry = this.bookOf.get(token)?.entries.get(token)
    if (entry === undefined) return this.violate(`'${token}' ended and had never begun`)
    Object.assign(entry, { outcome, endedAtMs, index, epoch })
  }

  private grant(by: string, { sessionKey: key, epoch }: Extract<Report, { type: 'granted' }>): void {
    const grants = this.byKey.get(key)?.grants
    const other = grants?.get(epoch)
    if (other !== undefined && other !== by) this.violate(`epoch ${epoch} was given to ${other} and to ${by}`)
    grants?.set(epoch, by)
  }

  /** Readers see committed lists: of two that were read, one must be the beginning of the other. */
  private look({ session, list, tokens, calledAtMs }: Extract<Report, { type: 'read' }>): Book | undefined {
    const book = this.bookAt(session)
    if (book === undefined) return undefined
    const seen = book.seen[list]
    const differs = tokens.findIndex((token, index) => index < seen.length && token !== seen[index])
    if (differs >= 0) {
      this.violate(`two readers saw '${tokens[differs]}' and '${seen[differs]}' at ${differs} of one list`)
    } else seen.push(...tokens.slice(seen.length))
    book.looks.push({ list, length: tokens.length, calledAtMs })
    return book
  }

  private bookAt(session: string): Book | undefined {
    const book = this.books.get(session)
    if (book === undefined) this.violate('a session was used after everyone had said that it was not')
    return book
  }
}
