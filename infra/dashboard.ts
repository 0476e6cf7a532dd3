import { Duration } from 'aws-cdk-lib'
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  type Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import { RECLAIM_CAUSES } from '../protocol/metrics.js'
import { accountConcurrency, type MeasuredTable, type Monitored, stageMetric } from './monitored.js'

const WIDTH = 8
const MEDIAN = Stats.p(50)
const REFUSALS = ['INTERNAL', 'TOO_MANY_MESSAGES', 'EVICTED', 'FORBIDDEN', 'NO_HELLO', 'BUSY_RECORD'] as const

/** What somebody wants to see at night: one row each for sessions, troubles, functions, API and tables. */
export function addDashboard(scope: Construct, id: string, monitored: Monitored, alarms: readonly Alarm[]): Dashboard {
  return new Dashboard(scope, id, {
    defaultInterval: Duration.hours(3),
    widgets: [
      ...(alarms.length === 0 ? [] : [[new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24 })]]),
      sessions(monitored),
      troubles(monitored),
      functionsOf(monitored),
      apiOf(monitored),
      tablesOf(monitored),
    ],
  })
}

const graph = (title: string, left: readonly IMetric[], right: readonly IMetric[] = []): IWidget =>
  new GraphWidget({ title, left: [...left], right: [...right], width: WIDTH })

const median = (metric: Metric): Metric => metric.with({ statistic: MEDIAN, label: `${metric.metricName} p50` })

const sessions = ({ store }: Monitored): IWidget[] => [
  graph('Acquires', [store.metricAcquireImmediate(), store.metricAcquireQueued()], [store.metricQueueDepthMax()]),
  graph('Waits for another process, p50 and p99', [median(store.metricWaitMs()), store.metricWaitMs()]),
  graph("Handoffs: the store's part, p50 and p99", [median(store.metricHandoffMs()), store.metricHandoffMs()]),
]

const troubles = ({ store }: Monitored): IWidget[] => [
  graph('Sessions taken from processes, by cause; evictions', [
    ...RECLAIM_CAUSES.map((cause) => store.metricReclaims(cause, { label: cause })),
    store.metricEvictions(),
  ]),
  graph('Messages that came late, or to nobody', [
    store.metricRevokesSent(),
    store.metricRevokesRepeated(),
    store.metricPushGone(),
    store.metricStaleMessages(),
    store.metricGrantsUnwanted(),
  ]),
  graph('Refusals, by code; full queues', [
    ...REFUSALS.map((code) => store.metricRefusedByCode(code, { label: code })),
    store.metricQueueFull(),
  ]),
]

function functionsOf({ functions }: Monitored): IWidget[] {
  const each = Object.entries(functions)
  return [
    graph(
      'Functions: duration p99',
      each.map(([label, one]) => one.metricDuration({ statistic: Stats.p(99), label })),
    ),
    graph(
      'Functions: errors, throttles',
      each.map(([name, one]) => one.metricErrors({ label: `${name} errors` })),
      each.map(([name, one]) => one.metricThrottles({ label: `${name} throttles` })),
    ),
    graph(
      'Functions: instances at once',
      each.map(([label, one]) => one.metric('ConcurrentExecutions', { statistic: Stats.MAXIMUM, label })),
      [accountConcurrency().with({ label: 'all of the account' })],
    ),
  ]
}

const apiOf = (monitored: Monitored): IWidget[] => [
  graph(
    'API: messages, connections opened',
    [stageMetric(monitored, 'MessageCount')],
    [stageMetric(monitored, 'ConnectCount')],
  ),
  graph(
    'API: errors',
    ['ClientError', 'ExecutionError', 'IntegrationError'].map((name) => stageMetric(monitored, name)),
  ),
  graph('API: latency of the functions, p99', [
    stageMetric(monitored, 'IntegrationLatency', { statistic: Stats.p(99) }),
  ]),
]

function tablesOf({ locksTable, sessionsTable }: Monitored): IWidget[] {
  const both: readonly (readonly [label: string, table: MeasuredTable])[] = [
    ['locks', locksTable],
    ['sessions', sessionsTable],
  ]
  const dimensionsMap = (table: MeasuredTable) => ({ TableName: table.tableName, Operation: Operation.UPDATE_ITEM })
  const latency = { statistic: Stats.p(99) }
  return [
    graph(
      'Tables: capacity that was used',
      both.flatMap(([label, table]) => [
        table.metricConsumedReadCapacityUnits({ label: `${label} reads` }),
        table.metricConsumedWriteCapacityUnits({ label: `${label} writes` }),
      ]),
    ),
    graph(
      'Tables: throttles',
      both.flatMap(([label, table]) =>
        ['Read', 'Write'].map((kind) =>
          table.metric(`${kind}ThrottleEvents`, { statistic: Stats.SUM, label: `${label} ${kind.toLowerCase()}s` }),
        ),
      ),
    ),
    graph(
      'Tables: latency of writes, p99',
      both.map(([label, table]) =>
        table.metricSuccessfulRequestLatency({ ...latency, dimensionsMap: dimensionsMap(table), label }),
      ),
    ),
  ]
}
