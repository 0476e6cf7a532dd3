import type { Fact, LockFact, ProcessFact } from '../../inspector/model/entry.js'
import { recordFact, shownProcess } from '../../local/inspector/facts.js'
import { lockKey, processKey, type SessionKey } from '../../protocol/keys.js'
import { keyOf } from '../../protocol/record-fields.js'
import { INSPECT_STATES_MAX } from '../limits.js'
import { problemOf } from '../stack/problems.js'
import { StateWatcher } from './state-watcher.js'
import type { Scanned, Tables } from './tables.js'

interface TableWatcherOptions {
  readonly tables: Pick<Tables, 'scanLocks' | 'states'>
  readonly tell: (fact: Fact) => void
  readonly intervalMs: number
  readonly unitsPerSecond: number
  readonly mayEvict: boolean
}

type RecordFact = LockFact | ProcessFact

const [LOCK, PROCESS] = [lockKey(''), processKey('')]

/** Looks at the tables of a stack again and again, and tells what has changed from one look to the next. */
export class TableWatcher {
  private known: ReadonlyMap<string, RecordFact> = new Map()
  private readonly states = new StateWatcher()
  private mayReadStates = true

  constructor(private readonly options: TableWatcherOptions) {}

  /** One look. Returns false where the command has ended meanwhile. */
  async look(): Promise<boolean> {
    const startMs = performance.now()
    const scanned = await this.options.tables.scanLocks()
    if (scanned === undefined) return false
    this.tellRecords(scanned)
    const stateUnits = this.mayReadStates ? await this.readStates() : 0
    if (stateUnits === undefined) return false
    this.tellLook({
      tookMs: Math.round(performance.now() - startMs),
      records: scanned.items.length,
      units: scanned.units + stateUnits,
      ...(scanned.isPartial ? { isPartial: true } : {}),
    })
    return true
  }

  /** A look has failed; the next may work. */
  failed(error: unknown): void {
    this.tellLook({ tookMs: 0, records: 0, units: 0, problem: problemOf(error).what })
  }

  /** The whole id of a process that is shown. Undefined where the last look has not found it. */
  idOf(shown: string): string | undefined {
    const key = [...this.known.keys()].find(
      (one) => one.startsWith(PROCESS) && shownProcess(one.slice(PROCESS.length)) === shown,
    )
    return key?.slice(PROCESS.length)
  }

  private tellRecords({ items, isPartial }: Scanned): void {
    const found = new Map<string, RecordFact>()
    for (const item of items) {
      const key = keyOf(item)
      const fact = recordFact(key, item)
      if (fact !== undefined) found.set(key, fact)
    }
    const changed = [...found].filter(([key, fact]) => JSON.stringify(fact) !== JSON.stringify(this.known.get(key)))
    const gone = isPartial ? [] : [...this.known].filter(([key]) => !found.has(key)).map(([, fact]) => asGone(fact))
    const facts = [...changed.map(([, fact]) => fact), ...gone]
    // Processes come first: locks name them.
    for (const fact of facts) if (fact.kind === 'process') this.options.tell(fact)
    for (const fact of facts) if (fact.kind === 'lock') this.options.tell({ ...fact, isRead: true })
    this.known = found
  }

  private async readStates(): Promise<number | undefined> {
    const held: SessionKey[] = []
    for (const [key, fact] of this.known) {
      if (fact.kind === 'lock' && fact.holder !== undefined) held.push(key.slice(LOCK.length))
    }
    try {
      const read = await this.options.tables.states(this.states.next(held, INSPECT_STATES_MAX))
      for (const fact of this.states.changes(read?.items ?? [])) this.options.tell(fact)
      return read?.units
    } catch (error) {
      if (problemOf(error).code !== 'PERMISSION_MISSING') throw error
      // The page has no commits and no ends of sessions then.
      this.mayReadStates = false
      return 0
    }
  }

  private tellLook(look: {
    readonly tookMs: number
    readonly records: number
    readonly units: number
    readonly isPartial?: true
    readonly problem?: string
  }): void {
    const { intervalMs, unitsPerSecond, mayEvict } = this.options
    const { mayReadStates } = this
    this.options.tell({ kind: 'looked', intervalMs, unitsPerSecond, mayEvict, hasStates: mayReadStates, ...look })
  }
}

/** What a record that is no longer there means: nobody holds the session, or the process is over. */
const asGone = (fact: RecordFact): RecordFact =>
  fact.kind === 'process'
    ? { ...fact, leaseUntil: 0 }
    : { kind: 'lock', session: fact.session, epoch: fact.epoch, waiters: [] }
