import type { RequestCount } from '../../local/dynamodb/request-counts.js'
import type { LocalStack } from '../../local/local-stack.js'
import { startDelayedStack } from '../../local/start-local-stack.js'
import { awsDelays, slowDynamoDb } from '../latency/delays.js'
import type { Consumed } from './rounds.js'
import type { SideSpec } from './side-process.js'

/** Failed conditions and reads are requests, too; only writes consume write units. */
const WRITES = new Set(['UpdateItem', 'PutItem', 'DeleteItem', 'TransactWriteItems'])
const ADMIN = 'admin'
const GATEWAY = '@connections'
const REFUSED = 'ConditionalCheckFailedException'

export interface BenchStackOptions {
  /** Whether answers take as long as on AWS. */
  readonly isModelled: boolean
  /** @default - as it is deployed */
  readonly assembly?: string
}

/** The local stack that all sides of a part share: the same DynamoDB Local for everybody. */
export class BenchStack {
  private before

  private constructor(readonly stack: LocalStack) {
    this.before = stack.requests.snapshot()
  }

  static async start({ isModelled, assembly }: BenchStackOptions): Promise<BenchStack> {
    const options = assembly === undefined ? {} : { assembly }
    if (!isModelled) return new BenchStack(await startDelayedStack(options))
    const stack = await startDelayedStack(options, awsDelays())
    stack.dynamodb.inject(slowDynamoDb())
    return new BenchStack(stack)
  }

  /**
   * Returns the requests to DynamoDB, of servers and functions, since this was called last.
   * @param isCounted Whether requests of this caller to this table count. Pushes are requests to the gateway,
   * `@connections`.
   */
  consumed(isCounted: (table: string, caller: string) => boolean = () => true): Consumed {
    const counts = this.stack.requests.since(this.before)
    this.before = this.stack.requests.snapshot()
    return consumedBy(counts.filter(({ target, caller }) => isCounted(target, caller)))
  }

  /** The same for a side. One without Holdfast has its own requests: those who wait for their turn renew leases. */
  consumedBy({ env }: SideSpec): Consumed {
    const isOther = env?.AWS_ACCESS_KEY_ID === this.stack.adminCredentials.accessKeyId
    return this.consumed((_table, caller) => !isOther || caller === ADMIN)
  }

  stop(): Promise<void> {
    return this.stack.stop()
  }
}

/** What these requests consumed. A refused write is billed as one that was applied, though DynamoDB does not say so. */
function consumedBy(counts: readonly RequestCount[]): Consumed {
  const consumed = { requests: 0, writeUnits: 0, readUnits: 0, pushes: 0 }
  for (const { target, operation, outcome, count, units } of counts) {
    if (target === GATEWAY) {
      consumed.pushes += count
      continue
    }
    consumed.requests += count
    if (!WRITES.has(operation)) consumed.readUnits += units
    else consumed.writeUnits += outcome === REFUSED ? count : units
  }
  return consumed
}
