import { Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITable } from 'aws-cdk-lib/aws-dynamodb'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import type { StoreMetrics } from './metrics.js'
import { STAGE } from './stage-arn.js'

/** What is measured of a table. A `Table` is no `ITable` under exact optional properties. */
export type MeasuredTable = Pick<
  ITable,
  | 'tableName'
  | 'metric'
  | 'metricConsumedReadCapacityUnits'
  | 'metricConsumedWriteCapacityUnits'
  | 'metricSuccessfulRequestLatency'
>

/** The parts of a store that alarms and graphs are about. */
export interface Monitored {
  readonly store: StoreMetrics
  /** By their names. */
  readonly functions: Readonly<Record<string, IFunction>>
  readonly locksTable: MeasuredTable
  readonly sessionsTable: MeasuredTable
  readonly apiId: string
}

/** A metric of the stage. API Gateway gives these without detailed metrics, too. */
export const stageMetric = ({ apiId }: Monitored, metricName: string, options: MetricOptions = {}): Metric =>
  new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiId: apiId, Stage: STAGE },
    statistic: Stats.SUM,
    ...options,
  })

/** Instances of functions at work at once, of all functions of the account in this region. */
export const accountConcurrency = (): Metric =>
  new Metric({ namespace: 'AWS/Lambda', metricName: 'ConcurrentExecutions', statistic: Stats.MAXIMUM })
