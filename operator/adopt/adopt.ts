import { randomBytes } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../protocol/dynamodb.js'
import { lockKey } from '../../protocol/keys.js'
import { keyOf } from '../../protocol/record-fields.js'
import { readableSession, type SessionRecord } from '../../protocol/state/record.js'
import { ROUNDS_MAX, WRITES_MAX } from '../limits.js'
import { type OperatorOptions, withClient } from '../options.js'
import { startNextIncarnation } from '../start-next-incarnation.js'
import { locksOf } from '../store.js'
import { itemsOf, partsOf, restoredAt, take } from './tables.js'
import { type Rules, verdictOf } from './verdict.js'

/** Options of {@link adopt}. */
export interface AdoptOptions extends OperatorOptions {
  /** The name of the live Sessions table: the output `SessionsTableName` of the stack. */
  readonly sessionsTable: string
  /**
   * The time of which the copy is, in milliseconds since 1970. Not later than that: a later one revives sessions that were
   * ended in between.
   * @default - as DynamoDB says that it has restored the copy
   */
  readonly backupAt?: number
  /**
   * Also takes sessions that have ended since, or may have: users who have logged out are logged in again.
   * @default false
   */
  readonly revive?: boolean
  /**
   * Also takes sessions that live, where the copy has another state of theirs: what was written to them since is gone.
   * @default false
   */
  readonly rollBack?: boolean
  /**
   * Counts, and changes nothing.
   * @default false
   */
  readonly dryRun?: boolean
}

/** What {@link adopt} has done, in sessions of the copy. */
export interface Adoption {
  /** Now in the live table, as in the copy. */
  readonly taken: number
  /** Expired or ended in the copy itself. */
  readonly over: number
  /** They live, and stay as they are. */
  readonly living: number
  /** They have ended since, and stay so. */
  readonly ended: number
  /** The live table does not know them, and no lock record proves that nobody has used, and so perhaps ended, them since. */
  readonly unproven: number
  /** Others have changed them again and again meanwhile; they are as those have left them. */
  readonly changed: number
  /** No session, or of another version, in the copy or in the live table. */
  readonly unreadable: number
  /** The time of which the copy is. */
  readonly backupAt: number | undefined
  /** The incarnation that was raised, where sessions were taken that a process may hold. */
  readonly incarnation: number | undefined
}

/** What becomes of one session of a copy. */
type Outcome = Exclude<keyof Adoption, 'backupAt' | 'incarnation'>

/**
 * Takes sessions from a copy of the Sessions table, such as one that DynamoDB has restored from a backup, into the live
 * table, while applications go on. Nobody is logged in again: by default a session is taken only where the live table has
 * lost it, and its lock proves that no process has used it since the backup. What lives stays as it is.
 *
 * The hazards: a call to end a session, made while the table had lost it, has found nothing and left no trace. With `revive`
 * users who have logged out are logged in again; with `rollBack` writes that were acknowledged are gone. With either, every
 * process drops what it holds afterwards, and accesses that run fail with `SESSION_LOST`, reason `evicted`.
 *
 * It needs `dynamodb:Scan` and `DescribeTable` on the copy; `BatchGetItem` and `PutItem` on Sessions; `BatchGetItem`, and for
 * the options `GetItem` and `UpdateItem`, on Locks. A call that failed may be repeated.
 *
 * @param copy the name of the restored table. It is only read.
 * @throws {RangeError} where the copy is the live table, or its time is not known; the AWS SDK's errors.
 * @example
 * const { taken } = await adopt('Sessions-restored', { sessionsTable, locksTable, region: 'eu-west-1' })
 */
export async function adopt(copy: string, options: AdoptOptions): Promise<Adoption> {
  const { sessionsTable, revive = false, rollBack = false, dryRun = false } = options
  if (copy === sessionsTable) throw new RangeError('the copy is the live table: restore into a table of another name')
  return withClient(options, async (client) => {
    const backupAt = options.backupAt ?? (await restoredAt(client, copy))
    if (backupAt === undefined && !revive) {
      throw new RangeError('the time of the copy is not known, since DynamoDB has not restored it: give backupAt')
    }
    const adopter = new Adopter(client, options, { backupAt, revive, rollBack })
    for await (const items of partsOf(client, copy)) await adopter.handle(items, dryRun)
    const mayBeHeld = (revive || rollBack) && adopter.counts.taken > 0 && !dryRun
    const incarnation = mayBeHeld ? await startNextIncarnation(locksOf(client, options)) : undefined
    return { ...adopter.counts, backupAt, incarnation }
  })
}

/** One session of a copy. */
interface Copied {
  readonly key: string
  readonly item: Item
  readonly copy: SessionRecord
}

class Adopter {
  readonly counts: Record<Outcome, number> = {
    taken: 0,
    over: 0,
    living: 0,
    ended: 0,
    unproven: 0,
    changed: 0,
    unreadable: 0,
  }

  constructor(
    private readonly client: DynamoDBClient,
    private readonly tables: Pick<AdoptOptions, 'sessionsTable' | 'locksTable'>,
    private readonly rules: Omit<Rules, 'nowMs'>,
  ) {}

  /** Judges the items of a copy, and takes those that may be, unless nothing may change. */
  async handle(items: readonly Item[], dryRun: boolean): Promise<void> {
    const copied = items.flatMap((item): Copied[] => {
      const copy = readableSession(item)
      return copy === undefined ? [] : [{ key: keyOf(item), item, copy }]
    })
    this.counts.unreadable += items.length - copied.length
    const judge = await this.judgeOf(copied)
    if (dryRun) {
      for (const each of copied) this.counts[judge(each).verdict] += 1
      return
    }
    for (let first = 0; first < copied.length; first += WRITES_MAX) {
      const outcomes = copied.slice(first, first + WRITES_MAX).map((each) => this.settle(each, judge(each)))
      for (const outcome of await Promise.all(outcomes)) this.counts[outcome] += 1
    }
  }

  private async settle(copied: Copied, first: Judged): Promise<Outcome> {
    let judged = first
    for (let round = 1; judged.verdict === 'taken'; round += 1) {
      const commitId = randomBytes(12).toString('base64url')
      if (await take(this.client, this.tables.sessionsTable, { ...copied, live: judged.live, commitId })) return 'taken'
      if (round === ROUNDS_MAX) return 'changed'
      judged = (await this.judgeOf([copied]))(copied)
    }
    return judged.verdict
  }

  /** Reads what the live tables know of these sessions. */
  private async judgeOf(copied: readonly Copied[]): Promise<(one: Copied) => Judged> {
    const keys = copied.map(({ key }) => key)
    const [live, locks] = await Promise.all([
      itemsOf(this.client, this.tables.sessionsTable, keys),
      itemsOf(this.client, this.tables.locksTable, keys.map(lockKey)),
    ])
    const rules = { ...this.rules, nowMs: Date.now() }
    return ({ key, copy }) => {
      const item = live.get(key)
      const known = { copy, live: readableSession(item), lock: locks.get(lockKey(key)) }
      if (item !== undefined && known.live === undefined) return { verdict: 'unreadable', live: undefined }
      return { verdict: verdictOf(known, rules), live: known.live }
    }
  }
}

interface Judged {
  readonly verdict: Outcome
  readonly live: SessionRecord | undefined
}
