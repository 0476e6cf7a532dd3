import type { RecordedRequest } from '../../local/dynamodb/proxy.js'
import { median } from '../figures.js'
import type { BenchStack } from '../frame/stack.js'

/** How long a write takes in DynamoDB itself, as the proxy in front of it sees it. */
export class TimesOfDynamoDb {
  private readonly times: number[] = []
  private readonly startedAt = new WeakMap<RecordedRequest, number>()
  readonly stop: () => void

  constructor({ stack }: BenchStack) {
    this.stop = stack.dynamodb.inject({
      beforeForward: (request) => {
        this.startedAt.set(request, performance.now())
        return undefined
      },
      afterForward: (request) => {
        if (request.operation === 'UpdateItem') {
          this.times.push(performance.now() - (this.startedAt.get(request) ?? Number.NaN))
        }
        return undefined
      },
    })
  }

  writeMs(): number {
    return median(this.times)
  }
}
