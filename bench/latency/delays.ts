import { AWS_LATENCY, type Latency } from '../../inspector/costs/aws-latency.js'
import type { Delays } from '../../local/delays.js'
import type { Faults, RecordedRequest } from '../../local/dynamodb/proxy.js'
import { Random } from '../../test/support/random.js'

const SEED = 14
/** The 99th percentile of the standard normal distribution. */
const NORMAL_P99 = 2.326
const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan'])
/** Lambda starts as many environments as there are messages under way. */
const ENVIRONMENTS_MAX = 16

/** Delays of one distribution, the same ones in every run. */
export class Drawn {
  private readonly random = new Random(SEED)

  constructor(private readonly latency: Latency) {}

  next(): number {
    const { p50Ms, p99Ms } = this.latency
    const { random } = this
    const normal = Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction())
    return p50Ms * (p99Ms / p50Ms) ** (normal / NORMAL_P99)
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    // Timers count whole milliseconds, and fire late rather than early.
    setTimeout(resolve, Math.max(0, Math.round(ms - 0.5)))
  })

/** The gateway's and the functions' part of {@link AWS_LATENCY}. */
export function awsDelays(): Delays {
  const [toFunction, push] = [new Drawn(AWS_LATENCY.gatewayToFunction), new Drawn(AWS_LATENCY.push)]
  return {
    beforeInvocation: () => pause(toFunction.next()),
    beforePush: () => pause(push.next()),
    environmentsMax: ENVIRONMENTS_MAX,
  }
}

/** Holds each answer of DynamoDB Local back until it has taken as long as on AWS, its own time included. */
export function slowDynamoDb(): Faults {
  const [read, write] = [new Drawn(AWS_LATENCY.dynamoDbRead), new Drawn(AWS_LATENCY.dynamoDbWrite)]
  const due = new WeakMap<RecordedRequest, number>()
  return {
    beforeForward: (request) => {
      due.set(request, performance.now() + (READS.has(request.operation) ? read : write).next())
      return undefined
    },
    afterForward: async (request) => {
      await pause((due.get(request) ?? 0) - performance.now())
      return undefined
    },
  }
}
