import { Stack } from 'aws-cdk-lib'
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch'
import { HoldfastStack, type StoreMetrics } from '../../infra/index.js'
import { METRICS, type MetricName } from '../../protocol/metrics.js'
import { createApp, type Part, synthesize } from './synthesis.js'

const stack = synthesize({ alarms: true, dashboard: true })
const alarms = new Map<string, Part>(
  stack
    .ofType('AWS::CloudWatch::Alarm')
    .map(([path, { Properties }]) => [path.replace('Alarms/', ''), Properties] as const),
)

/** The metrics of an alarm: `AWS/Lambda Errors Sum 300 FunctionName=<Functions/Grant>`. */
function metricsOf({ Metrics, ...single }: Part): readonly string[] {
  const stats = Metrics?.map((part: Part) => part.MetricStat).filter(Boolean) ?? [
    { Metric: single, Period: single.Period, Stat: single.Statistic ?? single.ExtendedStatistic },
  ]
  return stats.map(({ Metric: { Namespace, MetricName: name, Dimensions = [] }, Period, Stat }: Part) => {
    const dimensions = Dimensions.map(({ Name, Value }: Part) => `${Name}=${stack.text(Value)}`).toSorted()
    return [Namespace, name, Stat, Period, ...dimensions].join(' ')
  })
}

describe('what a store tells of itself', () => {
  test('is metrics by default, which can be switched off, and neither alarms nor a dashboard', () => {
    const switches = (synthesis: ReturnType<typeof synthesize>) =>
      synthesis
        .ofType('AWS::Lambda::Function')
        .map(([, { Properties }]) => Properties.Environment.Variables.HOLDFAST_METRICS)
    const plain = synthesize()
    expect(switches(plain)).toEqual(switches(plain).map(() => undefined))
    expect(switches(synthesize({ metrics: false }))).toEqual(switches(plain).map(() => 'off'))
    expect(plain.ofType('AWS::CloudWatch::Alarm')).toEqual([])
    expect(plain.ofType('AWS::CloudWatch::Dashboard')).toEqual([])
  })

  const { holdfast } = new HoldfastStack(createApp(), 'Holdfast')
  test.each(Object.entries(METRICS))('is a method of the construct for %s', (name, unit) => {
    const method = `metric${name as MetricName}` as const
    const metricOf = holdfast[method] as (this: StoreMetrics, ...args: (MetricOptions | undefined)[]) => Metric
    const metric = metricOf.call(holdfast)
    expect(metric).toMatchObject({ namespace: 'Holdfast', metricName: name, unit })
    // As the functions name themselves in each line.
    const variables = stack.one('Functions/Grant').Properties.Environment.Variables
    const api = Stack.of(holdfast).resolve(metric.dimensions)
    expect(stack.text(api.api)).toBe(stack.text(variables.HOLDFAST_API))
    const isTime = unit === 'Milliseconds'
    expect(metric.statistic).toBe(isTime ? 'p99' : name === 'QueueDepthMax' ? 'Maximum' : 'Sum')
  })

  test('is counted apart by cause and by code, and as options say', () => {
    expect(holdfast.metricReclaims('leaseOver').dimensions).toMatchObject({ cause: 'leaseOver' })
    expect(holdfast.metricRefusedByCode('INTERNAL').dimensions).toMatchObject({ code: 'INTERNAL' })
    expect(holdfast.metricWaitMs({ statistic: 'p50' }).statistic).toBe('p50')
  })
})

describe('the alarms', () => {
  const [api, ofApi] = ['api=<Socket/Api>/live', 'ApiId=<Socket/Api> Stage=live']
  const ofFunctions = (name: string) =>
    ['Connection', 'Grant', 'Release', 'Https'].map((id) => `AWS/Lambda ${name} Sum 300 FunctionName=<Functions/${id}>`)
  const throttles = (table: string) =>
    ['Read', 'Write'].map((kind) => `AWS/DynamoDB ${kind}ThrottleEvents Sum 300 TableName=<Tables/${table}>`)
  const errors = (table: string, other: string) =>
    ['GetItem', 'UpdateItem', other].map(
      (operation) => `AWS/DynamoDB SystemErrors Sum 300 Operation=${operation} TableName=<Tables/${table}>`,
    )
  const expected: Record<string, readonly [threshold: number, periods: number, metrics: readonly string[]]> = {
    Evictions: [1, 1, [`Holdfast Evictions Sum 300 ${api}`]],
    LeaseOverReclaims: [1, 3, [`Holdfast Reclaims Sum 300 ${api} cause=leaseOver`]],
    Waits: [1000, 3, [`Holdfast WaitMs p99 300 ${api}`]],
    QueueFull: [1, 1, [`Holdfast QueueFull Sum 300 ${api}`]],
    InternalRefusals: [5, 1, [`Holdfast RefusedByCode Sum 300 ${api} code=INTERNAL`]],
    FunctionErrors: [1, 1, ofFunctions('Errors')],
    FunctionThrottles: [1, 1, ofFunctions('Throttles')],
    Concurrency: [800, 3, ['AWS/Lambda ConcurrentExecutions Maximum 60']],
    ClientErrors: [10, 1, [`AWS/ApiGateway ClientError Sum 300 ${ofApi}`]],
    ExecutionErrors: [1, 1, [`AWS/ApiGateway ExecutionError Sum 300 ${ofApi}`]],
    LocksThrottles: [1, 1, throttles('Locks')],
    SessionsThrottles: [1, 1, throttles('Sessions')],
    TableErrors: [1, 1, [...errors('Locks', 'DeleteItem'), ...errors('Sessions', 'TransactWriteItems')]],
  }

  test('are these', () => {
    const found = [...alarms].map(([name, alarm]) => [
      name,
      [alarm.Threshold, alarm.EvaluationPeriods, metricsOf(alarm)],
    ])
    expect(Object.fromEntries(found)).toEqual(expected)
  })

  test('go off at their threshold, are quiet while nothing is counted, and tell their entry of the runbook', () => {
    for (const [name, alarm] of alarms) {
      expect(alarm).toMatchObject({
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmDescription: expect.stringMatching(/^Holdfast: .+\. Runbook: docs\/OPERATIONS\.md#alarm-[a-z]+$/),
      })
      expect(alarm.AlarmDescription).toContain(`#alarm-${name.toLowerCase()}`)
      expect(alarm.AlarmActions).toBeUndefined()
    }
    expect(alarms.get('Waits').EvaluateLowSampleCountPercentile).toBe('ignore')
  })

  test('of sums count a part that is silent as none', () => {
    const sums = [...alarms.values()].flatMap(({ Metrics = [] }) => Metrics).filter(({ Expression }) => Expression)
    expect(sums).toHaveLength(5)
    for (const { Expression } of sums) expect(Expression).toMatch(/^FILL\(\w+, 0\)( \+ FILL\(\w+, 0\))+$/)
  })

  test('are given to the application, which gives them actions', () => {
    const { holdfast } = new HoldfastStack(createApp(), 'Holdfast', { alarms: true })
    expect(holdfast.alarms.map(({ node }) => node.id)).toEqual([...alarms.keys()])
  })
})

describe('the dashboard', () => {
  const bodyOf = (synthesis: ReturnType<typeof synthesize>) => {
    const [[, dashboard] = []] = synthesis.ofType('AWS::CloudWatch::Dashboard')
    return JSON.parse(synthesis.text(dashboard?.Properties.DashboardBody))
  }

  test('shows the alarms, and each metric of the functions', () => {
    const body = JSON.stringify(bodyOf(stack))
    for (const name of Object.keys(METRICS)) expect(body).toContain(`"Holdfast","${name}","api"`)
    for (const name of alarms.keys()) expect(body).toContain(`Alarms/${name}`)
    for (const name of ['IntegrationLatency', 'ConcurrentExecutions', 'SuccessfulRequestLatency'])
      expect(body).toContain(`"${name}"`)
  })

  test('has no place for alarms where there are none', () => {
    const types = bodyOf(synthesize({ dashboard: true })).widgets.map(({ type }: Part) => type)
    expect(new Set(types)).toEqual(new Set(['metric']))
  })
})
