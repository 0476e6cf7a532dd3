import type { Item, TableName } from '../../protocol/dynamodb.js'
import type { MemoryStore } from '../../store/memory/memory-store.js'
import type { Random } from '../support/random.js'
import { WALL_AT_START_MS } from './machine.js'
import type { Timeline } from './timeline.js'

const TABLES: readonly TableName[] = ['locks', 'sessions']
const LOOK_EVERY_MS = 10 * 60_000
/** DynamoDB promises to remove an item within a few days. */
const LATE_MAX_MS = 48 * 3_600_000

/** DynamoDB's TTL: an item whose time has passed is removed at once, or up to two days later. */
export class TimeToLive {
  private readonly removals = new Map<string, number>()

  constructor(
    private readonly timeline: Timeline,
    private readonly random: Random,
    private readonly memory: MemoryStore,
    /** Told of an item that is removed, before it is gone. */
    private readonly onRemoval: (table: TableName, key: string, item: Item) => void,
  ) {}

  /** From now on, to the end of the run. */
  begin(): void {
    this.timeline.after(LOOK_EVERY_MS, () => {
      for (const table of TABLES) {
        for (const [key, item] of this.memory.items(table)) this.look(table, key, item)
      }
      this.begin()
    })
  }

  private look(table: TableName, key: string, item: Item): void {
    const { random, removals } = this
    const nowMs = WALL_AT_START_MS + this.timeline.nowMs
    const dueMs = expiryMs(item)
    const name = `${table} ${key}`
    // It may have got more time since it was due.
    if (dueMs === undefined || dueMs >= nowMs) return void removals.delete(name)
    const removalMs = removals.get(name) ?? dueMs + random.pick([0, random.between(0, LATE_MAX_MS)])
    if (removalMs > nowMs) return void removals.set(name, removalMs)
    removals.delete(name)
    this.onRemoval(table, key, item)
    this.memory.removeNow(table, key)
  }
}

/** When TTL may remove the item. */
export function expiryMs({ expiresAt }: Item): number | undefined {
  return expiresAt !== undefined && 'N' in expiresAt ? 1_000 * Number(expiresAt.N) : undefined
}
