import { Duration } from 'aws-cdk-lib'
import {
  Alarm,
  ComparisonOperator,
  type CreateAlarmOptions,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import { Construct } from 'constructs'
import { accountConcurrency, type MeasuredTable, type Monitored, stageMetric } from './monitored.js'

const PERIOD = Duration.minutes(5)
/** Waits, by their 99th percentile, that users notice. */
const WAIT_MS = 1_000
/** 80 % of the first quota of an account. */
const CONCURRENCY = 800
/** Refusals by the API in a period: single ones are probes of strangers. */
const CLIENT_ERRORS = 10

interface Rule {
  /** What has happened. */
  readonly what: string
  readonly metric: IMetric
  /** At least so much. */
  readonly threshold: number
  /** In so many periods in a row. */
  readonly periods?: number
  readonly ignoresFewSamples?: true
}

/** The alarms of a store. The description of each names its entry of the runbook. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[]

  constructor(scope: Construct, id: string, monitored: Monitored) {
    super(scope, id)
    this.all = Object.entries(rulesOf(monitored)).map(([name, rule]) => this.alarm(name, rule))
  }

  private alarm(name: string, { what, metric, threshold, periods = 1, ignoresFewSamples }: Rule): Alarm {
    const options: CreateAlarmOptions = {
      alarmDescription: `Holdfast: ${what}. Runbook: docs/OPERATIONS.md#${anchorOf(name)}`,
      threshold,
      evaluationPeriods: periods,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      // Most of these metrics have a value only when something happens.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...(ignoresFewSamples ? { evaluateLowSampleCountPercentile: 'ignore' } : {}),
    }
    return new Alarm(this, name, { ...options, metric })
  }
}

/** `FunctionErrors` is the heading `### Alarm: FunctionErrors`. */
const anchorOf = (name: string): string => `alarm-${name.toLowerCase()}`

function rulesOf(monitored: Monitored): Readonly<Record<string, Rule>> {
  const { store, functions, locksTable, sessionsTable } = monitored
  const period = { period: PERIOD }
  const each = (metricOf: (name: string) => IMetric | undefined) =>
    sum(Object.fromEntries(Object.keys(functions).map((name) => [name, metricOf(name) as IMetric])))
  return {
    Evictions: {
      what: 'a process did not give a session back that others waited for, and was ended',
      metric: store.metricEvictions(period),
      threshold: 1,
    },
    LeaseOverReclaims: {
      what: 'processes die, or lose their connections, again and again: others took their sessions over',
      metric: store.metricReclaims('leaseOver', period),
      threshold: 1,
      periods: 3,
    },
    Waits: {
      what: `one wait of a hundred for another process takes ${WAIT_MS} ms or longer`,
      metric: store.metricWaitMs(period),
      threshold: WAIT_MS,
      periods: 3,
      ignoresFewSamples: true,
    },
    QueueFull: {
      what: 'more processes wait for one session than its queue has places',
      metric: store.metricQueueFull(period),
      threshold: 1,
    },
    InternalRefusals: {
      what: 'functions cannot carry messages out',
      metric: store.metricRefusedByCode('INTERNAL', period),
      threshold: 5,
    },
    FunctionErrors: {
      what: 'invocations of functions failed',
      metric: each((name) => functions[name]?.metricErrors(period)),
      threshold: 1,
    },
    FunctionThrottles: {
      what: 'Lambda turned invocations away',
      metric: each((name) => functions[name]?.metricThrottles(period)),
      threshold: 1,
    },
    Concurrency: {
      what: `the functions of this account and region use ${CONCURRENCY} instances or more at once, of 1,000 by default`,
      metric: accountConcurrency().with({ period: Duration.minutes(1) }),
      threshold: CONCURRENCY,
      periods: 3,
    },
    ClientErrors: {
      what: 'the API refused messages or connections: throttled, or not allowed',
      metric: stageMetric(monitored, 'ClientError', period),
      threshold: CLIENT_ERRORS,
    },
    ExecutionErrors: {
      what: 'the API could not call the functions',
      metric: stageMetric(monitored, 'ExecutionError', period),
      threshold: 1,
    },
    LocksThrottles: {
      what: 'DynamoDB throttled requests to the table of locks',
      metric: throttlesOf(locksTable),
      threshold: 1,
    },
    SessionsThrottles: {
      what: 'DynamoDB throttled requests to the table of sessions',
      metric: throttlesOf(sessionsTable),
      threshold: 1,
    },
    TableErrors: {
      what: 'DynamoDB failed',
      metric: sum({
        ...systemErrorsOf('locks', locksTable, Operation.DELETE_ITEM),
        ...systemErrorsOf('sessions', sessionsTable, Operation.TRANSACT_WRITE_ITEMS),
      }),
      threshold: 1,
    },
  }
}

/** A metric without a value counts as 0: otherwise the sum has none, either. */
const sum = (usingMetrics: Record<string, IMetric>): IMetric =>
  new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((name) => `FILL(${name}, 0)`)
      .join(' + '),
    usingMetrics,
    period: PERIOD,
  })

const throttlesOf = (table: MeasuredTable): IMetric => {
  const events = (kind: string) => table.metric(`${kind}ThrottleEvents`, { statistic: 'Sum', period: PERIOD })
  return sum({ reads: events('Read'), writes: events('Write') })
}

/** Of one table: DynamoDB counts them by operation. `other` is asked of this table alone. */
const systemErrorsOf = (name: string, table: MeasuredTable, other: Operation): Record<string, IMetric> =>
  Object.fromEntries(
    [Operation.GET_ITEM, Operation.UPDATE_ITEM, other].map((operation) => {
      const dimensionsMap = { TableName: table.tableName, Operation: operation }
      return [`${name}${operation}`, table.metric('SystemErrors', { dimensionsMap, statistic: 'Sum', period: PERIOD })]
    }),
  )
