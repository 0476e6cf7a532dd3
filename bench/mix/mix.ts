import { AWS_LATENCY_TEXT } from '../../inspector/costs/aws-latency.js'
import { type Consumption, dollarsOf } from '../../inspector/costs/consumption.js'
import { type Part, type PartContext, roundsOf } from '../frame/part.js'
import type { Caution, Figures, Measured, PartResult, Series } from '../frame/results.js'
import { added, compare, fasterThan, lostUpdates, measure, type SideRounds, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'
import { BenchStack } from '../frame/stack.js'
import { type CountingName, isOnRedis, labelOf } from '../handoff/counting.js'
import { storesOf } from '../latency/slow-stores.js'
import type { PeerStores } from '../peers/stores.js'
import { costs } from './costs.js'

const MILLION = 1_000_000
/** Of 4 servers, one in four by chance: as if a load balancer took any. */
const WITHOUT_AFFINITY = 25
const STICKY = [WITHOUT_AFFINITY, 90, 95, 99] as const
const QUICK_STICKY = [95] as const
const USERS = 1_000
const QUICK_USERS = 200
const PROCESSES = 4
const ROUNDS = 5
const ROUND_MS = 3_000
const QUICK_ROUND_MS = 400

export const MIX: Part = {
  name: 'mix',
  title: 'A thousand users, most of whom come back to their server',
  explanation:
    `${PROCESSES} server processes and ${USERS} users, who come as Zipf has it; each access adds to a counter in the ` +
    "user's session. Sticky: the share of accesses that come to the user's own server. Requests include renewals. " +
    `With --latency aws: ${AWS_LATENCY_TEXT}`,
  onOldestNode: false,
  canBeModelled: true,
  async run(context) {
    const priced = await costs(context)
    const stack = await BenchStack.start(context)
    try {
      const measured = await withOthers(context, stack, priced.handedOver)
      return {
        ...measured,
        figures: [...measured.figures, ...priced.figures],
        cautions: [...measured.cautions, ...priced.cautions],
      }
    } finally {
      await stack.stop()
    }
  },
}

async function withOthers(context: PartContext, stack: BenchStack, handedOver: Consumption): Promise<PartResult> {
  const stores = await storesOf(context, stack)
  try {
    return await sideBySide(context, stack, stores, handedOver)
  } finally {
    await stores.stop()
  }
}

async function sideBySide(
  context: PartContext,
  stack: BenchStack,
  stores: PeerStores,
  handedOver: Consumption,
): Promise<PartResult> {
  const measured: Measured[] = []
  const compared: Series['compared'][number][] = []
  const rows: Figures['rows'][number][] = []
  const cautions: Caution[] = []
  for (const sticky of context.isQuick ? QUICK_STICKY : STICKY) {
    context.say(`${sticky} % sticky`)
    const sides = await takeTurns(specsOf(context, sticky, stack, stores), {
      node: context.node,
      rounds: roundsOf(context, ROUNDS),
      warmUpRounds: 1,
      length: { ms: context.isQuick ? QUICK_ROUND_MS : ROUND_MS },
      consumed: (spec) => stack.consumedBy(spec),
    })
    const others = sides.filter(({ spec }) => spec.env === stores.env)
    const ours = sides.filter(({ spec }) => spec.env !== stores.env)
    for (const side of sides) {
      measured.push({ ...measure(side), setting: { sticky }, counts: { lostUpdates: lostUpdates(side) } })
      rows.push(rowOf(sticky, side, handedOver))
    }
    for (const other of others) compared.push(...compare(ours, other).map((row) => ({ ...row, setting: { sticky } })))
    cautions.push(...cautionsOf(context, sticky, sides))
    for (const side of ours) context.expectCount(`lost updates of ${side.spec.label}`, lostUpdates(side), 0)
  }
  return {
    series: [
      { title: 'An operation is an access that writes, from its call to its acknowledgement', measured, compared },
    ],
    figures: [
      {
        title: 'The same, counted for each access',
        columns: [
          'sticky',
          'side',
          '% handoffs',
          'write units',
          'read units',
          'messages to functions',
          'pushes',
          'dollars per million, modelled',
        ],
        rows,
      },
    ],
    goals: [],
    cautions,
  }
}

function specsOf(
  context: PartContext,
  sticky: number,
  stack: BenchStack,
  { hasRedis, env }: PeerStores,
): readonly SideSpec[] {
  const spec = (way: CountingName, sideEnv: Readonly<Record<string, string>>): SideSpec => ({
    label: labelOf(way),
    module: new URL('mix-side.js', import.meta.url),
    setting: { way, sticky, users: context.isQuick ? QUICK_USERS : USERS, processes: PROCESSES },
    processes: PROCESSES,
    env: sideEnv,
  })
  return [
    spec('holdfast', stack.stack.env),
    spec('holdfastWriteBack', stack.stack.env),
    spec('connectDynamoDb', env),
    ...(hasRedis ? [spec('redlockTuned', env), spec('redisValues', env)] : []),
  ]
}

function rowOf(sticky: number, { spec, rounds }: SideRounds, handedOver: Consumption): Figures['rows'][number] {
  const works = rounds.flatMap((round) => round.works)
  const { handoffs, messages = 0 } = added(works.map(({ counts }) => counts))
  const accesses = works.reduce((sum, { operations }) => sum + operations, 0)
  const each = (count: (consumed: NonNullable<SideRounds['rounds'][number]['consumed']>) => number) =>
    rounds.reduce((sum, { consumed }) => sum + (consumed === undefined ? 0 : count(consumed)), 0) / accesses
  const handoffShare = (handoffs ?? 0) / accesses
  const consumption: Consumption = {
    writeUnits: each(({ writeUnits }) => writeUnits),
    readUnits: each(({ readUnits }) => readUnits),
    functionWrites: handoffShare * handedOver.functionWrites,
    functionReads: handoffShare * handedOver.functionReads,
    messages: messages / accesses,
    pushes: handoffs === undefined ? 0 : each(({ pushes }) => pushes),
  }
  return [
    sticky,
    spec.label,
    handoffs === undefined ? '–' : (100 * handoffShare).toFixed(1),
    consumption.writeUnits,
    consumption.readUnits,
    consumption.messages,
    consumption.pushes,
    // A Redis costs by the hour.
    isOnRedis(spec.setting.way as CountingName) ? '–' : (MILLION * dollarsOf(consumption)).toFixed(2),
  ]
}

/** Where the others are faster: without affinity, and where a Redis is there and losses are acceptable. */
function cautionsOf({ isModelled }: PartContext, sticky: number, sides: readonly SideRounds[]): Caution[] {
  const [ours, ...others] = sides as [SideRounds, ...SideRounds[]]
  const isClaimed = ({ spec }: SideRounds) => isModelled || !isOnRedis(spec.setting.way as CountingName)
  const faster = others
    .filter(({ spec }) => spec.setting.way !== 'holdfastWriteBack')
    .filter(isClaimed)
    .flatMap((other) =>
      fasterThan(ours, other).map((ratio) => `${other.spec.label} ${ratio} × (${lostUpdates(other)} updates lost)`),
    )
  if (faster.length === 0) return []
  const when =
    sticky === WITHOUT_AFFINITY
      ? 'users have no server of their own'
      : `${sticky} % of the accesses come to the user's server`
  return [{ when, figure: `accesses/s against Holdfast's: ${faster.join(', ')}` }]
}
