import { METRICS, METRICS_NAMESPACE, type Measured, type MetricName, SPLIT_BY } from '../../protocol/metrics.js'
import type { LogEntry } from '../ports.js'

export interface LogOptions {
  /** The API's id and stage. */
  readonly api: string
  /** Whether CloudWatch takes metrics from the log. */
  readonly hasMetrics: boolean
  readonly nowMs: () => number
  readonly write: (line: string) => void
}

/**
 * The log of a function: one line of JSON for each event. An event that is measured has the metadata by which CloudWatch
 * takes its metrics out of that line. It must be the whole line, so `write` may put nothing before it, as `console.log`
 * does in Lambda.
 */
export class Log {
  /** The request that is handled, as the API's own log names it. */
  requestId: string | undefined

  constructor(private readonly options: LogOptions) {}

  readonly add = ({ level, event, ...details }: LogEntry, measured: Measured = {}): void => {
    const { api, hasMetrics, nowMs, write } = this.options
    const metrics = Object.keys(measured) as MetricName[]
    const metadata = hasMetrics && metrics.length > 0 ? { _aws: metadataOf(metrics, nowMs()), api } : {}
    write(JSON.stringify({ ...metadata, level, event, requestId: this.requestId, ...details, ...measured }))
  }
}

const metadataOf = (metrics: readonly MetricName[], Timestamp: number) => ({
  Timestamp,
  CloudWatchMetrics: metrics.map((Name) => ({
    Namespace: METRICS_NAMESPACE,
    Dimensions: dimensionsOf(Name),
    Metrics: [{ Name, Unit: METRICS[Name] }],
  })),
})

function dimensionsOf(metric: MetricName): readonly (readonly string[])[] {
  const detail = SPLIT_BY[metric]
  return detail === undefined ? [['api']] : [['api'], ['api', detail]]
}
