/** How often somebody did something, and how it ended. */
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
}

export type RequestKey = Omit<RequestCount, 'count'>

/** The counts at one moment, to compare later ones with. */
export interface RequestSnapshot {
  readonly counts: ReadonlyMap<string, number>
}

/** Counts every request to DynamoDB and to the management endpoint, before its sender has the answer. */
export class RequestCounts {
  private readonly counts = new Map<string, number>()

  add({ caller, target, operation, outcome }: RequestKey): void {
    const key = [caller, target, operation, outcome].join('\n')
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1)
  }

  snapshot(): RequestSnapshot {
    return { counts: new Map(this.counts) }
  }

  /** What came since the snapshot, or since the start. */
  since(snapshot?: RequestSnapshot): RequestCount[] {
    const found: RequestCount[] = []
    for (const [key, total] of this.counts) {
      const count = total - (snapshot?.counts.get(key) ?? 0)
      const [caller = '', target = '', operation = '', outcome = ''] = key.split('\n')
      if (count > 0) found.push({ caller, target, operation, outcome, count })
    }
    return found
  }
}
