import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Meter } from '@opentelemetry/api'
import { observeHoldfast } from '../../client/adapters/otel/index.js'
import { packageRoot } from '../../local/package-root.cjs'
import { FRESH_WAITERS_MAX } from '../../protocol/limits.js'
import { METRICS, RECLAIM_CAUSES } from '../../protocol/metrics.js'
import { synthesize } from '../infra/synthesis.js'
import { World } from '../support/world.js'

const text = readFileSync(join(packageRoot, 'docs/OPERATIONS.md'), 'utf8')
/** The entries of the runbook, by the anchors that GitHub gives their headings. */
const entries = new Map(
  text
    .split(/^### /m)
    .slice(1)
    .map((entry) => {
      const heading = entry.slice(0, entry.indexOf('\n'))
      const anchor = heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-')
      return [anchor, entry.split(/^## /m)[0] ?? ''] as const
    }),
)
/** The first cells of all tables: names in code. */
const rows = new Set([...text.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name))

test('each alarm has its entry in the runbook, and each entry its alarm', () => {
  const alarms = synthesize({ alarms: true }).ofType('AWS::CloudWatch::Alarm')
  const anchors = alarms.map(
    ([, { Properties }]) => String(Properties.AlarmDescription).split('docs/OPERATIONS.md#')[1] ?? '',
  )
  expect(anchors.length).toBeGreaterThan(10)
  expect([...entries.keys()].toSorted()).toEqual(anchors.toSorted())
  expect(text).toContain(`${alarms.length} alarms`)
})

/** When an alarm goes off: what its metric reaches, in how long, and in how many periods in a row. */
interface Limits {
  readonly threshold: string
  readonly minutes: number
  readonly periods: number
}
const SAYS: Readonly<Record<string, (limits: Limits) => string>> = {
  leaseoverreclaims: ({ minutes, periods }) =>
    `In ${['no', 'one', 'two', 'three'][periods]} periods of ${minutes / periods} minutes in a row`,
  waits: ({ threshold, minutes }) =>
    `takes ${threshold === '1000' ? 'a second' : threshold} or longer, for ${minutes} minutes`,
  queuefull: () => `${FRESH_WAITERS_MAX} or more processes wait for one session`,
  internalrefusals: ({ threshold, minutes }) =>
    `In ${minutes} minutes functions answered ${threshold} messages or more`,
  concurrency: ({ threshold, minutes }) =>
    `For ${minutes} minutes all functions of the account and region together used ${threshold}`,
  clienterrors: ({ threshold, minutes }) =>
    `refused ${threshold} messages or connections or more in ${minutes} minutes`,
}

test('the runbook says when alarms go off', () => {
  const alarms = synthesize({ alarms: true }).ofType('AWS::CloudWatch::Alarm')
  for (const [name, saidOf] of Object.entries(SAYS)) {
    const [, alarm] = alarms.find(([path]) => path.toLowerCase().endsWith(`alarms/${name}`)) ?? []
    const { Threshold, EvaluationPeriods: periods, Period } = alarm?.Properties ?? {}
    const said = saidOf({ threshold: String(Threshold), minutes: (periods * Period) / 60, periods })
    expect(entries.get(`alarm-${name}`)?.replaceAll(/\s+/g, ' ')).toContain(said)
  }
})

test('each entry says what to look at, with commands, and what to do', () => {
  const without = (part: string | RegExp) =>
    [...entries].filter(([, entry]) => entry.search(part) < 0).map(([name]) => name)
  expect(without('```sh')).toEqual(['alarm-sessionsthrottles'])
  expect(without(/\*Do\*|look and do the same/)).toEqual([])
})

test('each metric of the functions is explained, and each cause', () => {
  expect(Object.keys(METRICS).filter((name) => !rows.has(name))).toEqual([])
  expect(RECLAIM_CAUSES.filter((cause) => !text.includes(`\`${cause}\``))).toEqual([])
})

test('each metric of the client is explained', async () => {
  const names: string[] = []
  const named = (name: string) => {
    names.push(name)
    return {}
  }
  const meter = {
    createCounter: named,
    createHistogram: named,
    createObservableGauge: named,
    addBatchObservableCallback: () => {},
    removeBatchObservableCallback: () => {},
  } as unknown as Meter
  const world = new World()
  await observeHoldfast(world.client({ namespace: 'shop' }), { meter }).close()
  await world.close()
  expect(names.length).toBeGreaterThan(8)
  expect(names.filter((name) => !rows.has(name))).toEqual([])
})
