/** Requests of one caller for one operation on one target with one outcome. */
export interface RequestCount {
  /** A function's logical id, or the name of a user such as `application`. */
  readonly caller: string
  /** A table's name, or `@connections` for the management endpoint of the gateway. */
  readonly target: string
  /** As in `UpdateItem`, or `POST`. */
  readonly operation: string
  /** `ok`, or the type of the error, as in `ConditionalCheckFailedException`. */
  readonly outcome: string
  readonly count: number
  /**
   * The capacity units that DynamoDB says these requests consumed, of all their tables: write units of a write, read
   * units of a read. It does not say so of a request that failed, though it bills a failed condition as a write.
   */
  readonly units: number
}

export type RequestKey = Omit<RequestCount, keyof Tally>

/** The number of requests, and the units that they consumed. */
type Tally = Pick<RequestCount, 'count' | 'units'>

/** The counts at one moment, to compare later ones with. */
export interface RequestSnapshot {
  readonly counts: ReadonlyMap<string, Tally>
}

const NONE: Tally = { count: 0, units: 0 }

/** Counts every request to DynamoDB and to the management endpoint, before its sender has the answer. */
export class RequestCounts {
  private readonly counts = new Map<string, Tally>()

  add({ caller, target, operation, outcome }: RequestKey, units = 0): void {
    const key = [caller, target, operation, outcome].join('\n')
    const before = this.counts.get(key) ?? NONE
    this.counts.set(key, { count: before.count + 1, units: before.units + units })
  }

  snapshot(): RequestSnapshot {
    return { counts: new Map(this.counts) }
  }

  /** The requests since the snapshot, or since the start. */
  since(snapshot?: RequestSnapshot): RequestCount[] {
    const found: RequestCount[] = []
    for (const [key, total] of this.counts) {
      const before = snapshot?.counts.get(key) ?? NONE
      const [count, units] = [total.count - before.count, total.units - before.units]
      const [caller = '', target = '', operation = '', outcome = ''] = key.split('\n')
      if (count > 0) found.push({ caller, target, operation, outcome, count, units })
    }
    return found
  }
}
