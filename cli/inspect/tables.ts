import { BatchGetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../protocol/dynamodb.js'
import { INSPECT_PAGE_RECORDS, INSPECT_RECORDS_MAX, INSPECT_STATES_MAX } from '../limits.js'
import type { Target } from '../stack/target.js'
import type { ReadBudget } from './read-budget.js'

/** The records of the Locks table, as one scan finds them. */
export interface Scanned {
  readonly items: readonly Item[]
  readonly isPartial: boolean
  readonly units: number
}

/** What is read of a session's record: nothing of it is an attribute. */
const STATE_FIELDS = '#schema, pk, fence, commitId, rev, createdAt, aliveUntil, destroyedAt, unborn, rotated'
const NAMES = { '#schema': 'schema' }

/** Reads the tables of a stack, with eventual consistency, as slowly as the budget wants. */
export class Tables {
  constructor(
    private readonly target: Target,
    private readonly budget: ReadBudget,
  ) {}

  /** Undefined where the command ends meanwhile. */
  async scanLocks(): Promise<Scanned | undefined> {
    const TableName = await this.target.locksTable()
    const items: Item[] = []
    let units = 0
    let from: Record<string, never> | undefined
    do {
      if (!(await this.budget.wait())) return undefined
      const answer = await this.target.dynamo.send(
        new ScanCommand({
          TableName,
          ExclusiveStartKey: from,
          Limit: Math.min(INSPECT_PAGE_RECORDS, INSPECT_RECORDS_MAX - items.length),
          ReturnConsumedCapacity: 'TOTAL',
        }),
      )
      items.push(...((answer.Items ?? []) as Item[]))
      units += this.spent(answer.ConsumedCapacity)
      from = answer.LastEvaluatedKey as typeof from
    } while (from !== undefined && items.length < INSPECT_RECORDS_MAX)
    return { items, isPartial: from !== undefined, units }
  }

  /** The records of these sessions, {@link INSPECT_STATES_MAX} at most. Undefined where the command ends meanwhile. */
  async states(
    keys: readonly string[],
  ): Promise<{ readonly items: readonly Item[]; readonly units: number } | undefined> {
    if (keys.length === 0) return { items: [], units: 0 }
    if (!(await this.budget.wait())) return undefined
    const { sessionsTable } = this.target.config
    const Keys = keys.slice(0, INSPECT_STATES_MAX).map((key) => ({ pk: { S: key } }))
    const answer = await this.target.dynamo.send(
      new BatchGetItemCommand({
        RequestItems: {
          [sessionsTable]: { Keys, ProjectionExpression: STATE_FIELDS, ExpressionAttributeNames: NAMES },
        },
        ReturnConsumedCapacity: 'TOTAL',
      }),
    )
    const units = (answer.ConsumedCapacity ?? []).reduce((sum, one) => sum + this.spent(one), 0)
    return { items: (answer.Responses?.[sessionsTable] ?? []) as Item[], units }
  }

  private spent(capacity: { readonly CapacityUnits?: number | undefined } | undefined): number {
    // Each request counts, also where an answer does not tell what it took.
    const units = capacity?.CapacityUnits ?? 1
    this.budget.spend(units)
    return units
  }
}
