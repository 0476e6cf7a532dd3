import { percentile } from '../figures.js'
import { type PartContext, roundsOf } from '../frame/part.js'
import type { Figures, Goal, Series } from '../frame/results.js'
import { added, compare, measure, quartiles, type SideRounds, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'
import type { BenchStack } from '../frame/stack.js'
import { type PartTimes, partsTable } from './breakdown.js'
import { TimesOfDynamoDb } from './times-of-dynamodb.js'

const ROUNDS = 5
const HANDOFFS = 200
const QUICK_HANDOFFS = 25
const FLOOR_TIMES_MAX = 1.05
/** Of one access that needs a handoff, its commit included. */
const EXPECTED = { requests: 4, pushes: 2, messages: 2 }
/** Renewals and their requests come with time, not with handoffs. */
const RENEWALS_SHARE_MAX = 0.25

const PARTS = ['message', 'push', 'write'] as const

interface OneByOne {
  readonly series: Series
  readonly figures: readonly Figures[]
  readonly goals: readonly Goal[]
}

/** One handoff at a time, from a holder that does nothing: Holdfast's, its floor, and the parts of the floor. */
export async function oneByOne(context: PartContext, stack: BenchStack): Promise<OneByOne> {
  context.say('one handoff at a time, and its floor')
  const dynamoDb = new TimesOfDynamoDb(stack)
  const sides = await takeTurns(
    [
      specOf(stack, 'Holdfast', 'one-by-one-side.js', 'handoff'),
      specOf(stack, 'floor', 'floor-side.js', 'handoff'),
      ...PARTS.map((what) => specOf(stack, what, 'floor-side.js', what)),
      specOf(stack, 'own code', 'own-code-side.js', 'handoff'),
    ],
    {
      node: context.node,
      rounds: roundsOf(context, ROUNDS),
      warmUpRounds: 1,
      length: { operations: context.isQuick ? QUICK_HANDOFFS : HANDOFFS },
      consumed: (spec) => stack.consumedBy(spec),
    },
  ).finally(() => dynamoDb.stop())
  const [ours, floor, ...parts] = sides as [SideRounds, SideRounds, ...SideRounds[]]
  const own = parts.at(-1) as SideRounds
  const ownWorks = own.rounds.flatMap(({ works }) => works)
  const { functionMs = 0 } = added(ownWorks.map(({ counts }) => counts))
  const wallMs = ownWorks.reduce((sum, work) => sum + work.wallMs, 0)
  const times: PartTimes = {
    handoffMs: p50(ours),
    floorMs: p50(floor),
    message: p50At(parts, 'message'),
    push: p50At(parts, 'push'),
    write: p50At(parts, 'write'),
    dynamoDbWrite: dynamoDb.writeMs(),
    functions: functionMs / operationsOf(own),
    client: (wallMs - functionMs) / operationsOf(own),
  }
  const counts = countsOf(ours)
  for (const [what, expected] of Object.entries(EXPECTED)) {
    const range = { from: expected, to: expected * (1 + RENEWALS_SHARE_MAX) }
    context.expectCount(`${what} of an access with its handoff`, counts[what as keyof typeof EXPECTED], range)
  }
  context.expectCount('lost updates', counts.lostUpdates, 0)
  const ratio = quartiles(
    ours.rounds.map((round, index) => p50Of([round]) / p50Of([floor.rounds[index] as (typeof floor.rounds)[number]])),
  )
  return {
    series: {
      title: 'One handoff at a time: an operation is a handoff and a commit, a latency is that of the handoff alone',
      measured: [ours, floor].map((side) => ({ ...measure(side), counts: {} })),
      compared: compare([ours], floor),
    },
    figures: [
      partsTable(times),
      {
        title: 'What an access with its handoff takes, its commit included',
        columns: ['side', 'requests to DynamoDB', 'write units', 'read units', 'pushes', 'function calls'],
        rows: [['Holdfast', counts.requests, counts.writeUnits, counts.readUnits, counts.pushes, counts.messages]],
      },
    ],
    goals: [
      {
        goal: `p50 of a handoff ≤ ${FLOOR_TIMES_MAX} × its floor`,
        figure: `${ratio.median.toFixed(2)} × (${ratio.q1.toFixed(2)} to ${ratio.q3.toFixed(2)})`,
        isMet: ratio.median <= FLOOR_TIMES_MAX,
      },
    ],
  }
}

const specOf = (stack: BenchStack, label: string, module: string, what: string): SideSpec => ({
  label,
  module: new URL(module, import.meta.url),
  setting: { what },
  env: stack.stack.env,
})

function countsOf(side: SideRounds) {
  const each = (count: (consumed: NonNullable<SideRounds['rounds'][number]['consumed']>) => number) =>
    side.rounds.reduce((sum, { consumed }) => sum + (consumed === undefined ? 0 : count(consumed)), 0) /
    operationsOf(side)
  const own = added(side.rounds.flatMap(({ works }) => works.map(({ counts }) => counts)))
  return {
    requests: each(({ requests }) => requests),
    writeUnits: each(({ writeUnits }) => writeUnits),
    readUnits: each(({ readUnits }) => readUnits),
    pushes: each(({ pushes }) => pushes),
    messages: (own.messages ?? 0) / operationsOf(side),
    lostUpdates: own.lostUpdates ?? 0,
  }
}

const operationsOf = ({ rounds }: SideRounds): number =>
  rounds.flatMap(({ works }) => works).reduce((sum, { operations }) => sum + operations, 0)

const p50Of = (rounds: SideRounds['rounds']): number =>
  percentile(
    rounds.flatMap(({ works }) => works.flatMap(({ latenciesMs }) => latenciesMs)),
    50,
  )

const p50 = ({ rounds }: SideRounds): number => p50Of(rounds)

function p50At(sides: readonly SideRounds[], label: string): number {
  const side = sides.find(({ spec }) => spec.label === label)
  return side === undefined ? Number.NaN : p50(side)
}
