import type { RecordedRequest } from '../../local/dynamodb/proxy.js'
import { percentile } from '../figures.js'
import type { BenchStack } from '../frame/stack.js'

/** How long DynamoDB itself takes, as the proxy in front of it sees it. */
export class TimesOfDynamoDb {
  private readonly times = new Map<string, number[]>()
  private readonly startedAt = new WeakMap<RecordedRequest, number>()
  readonly stop: () => void

  constructor({ stack }: BenchStack) {
    this.stop = stack.dynamodb.inject({
      beforeForward: (request) => {
        this.startedAt.set(request, performance.now())
        return undefined
      },
      afterForward: (request) => {
        const ms = performance.now() - (this.startedAt.get(request) ?? Number.NaN)
        const { operation } = request
        this.times.set(operation, [...(this.times.get(operation) ?? []), ms])
        return undefined
      },
    })
  }

  p50s(): { readonly write: number; readonly read: number } {
    const p50 = (operation: string) => percentile(this.times.get(operation) ?? [], 50)
    return { write: p50('UpdateItem'), read: p50('GetItem') }
  }
}
