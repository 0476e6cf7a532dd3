import { percentile } from '../figures.js'
import { type PartContext, roundsOf } from '../frame/part.js'
import type { Figures, Goal, Measured, Series } from '../frame/results.js'
import { added, compare, measure, type SideRounds, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'
import type { BenchStack } from '../frame/stack.js'

const SETTINGS = [
  { processes: 2, sessions: 1, tasks: 1 },
  { processes: 4, sessions: 1, tasks: 1 },
  { processes: 8, sessions: 1, tasks: 1 },
  { processes: 2, sessions: 50, tasks: 4 },
  { processes: 4, sessions: 50, tasks: 4 },
  { processes: 8, sessions: 50, tasks: 4 },
] as const
const QUICK_SETTINGS = [SETTINGS[1]]
/** The setting that the goals name. */
const GOALS_SETTING = SETTINGS[1]
const ROUNDS = 5
const ROUND_MS = 5_000
const QUICK_ROUND_MS = 400
const ACCESSES_TIMES_MIN = 3
const JAIN_MIN = 0.95
const WORST_WAIT_SHARE_MAX = 0.5

export const HOLDFAST = 'Holdfast'

type Setting = (typeof SETTINGS)[number]

/** The other ways to count in a session under a lock. */
export interface Rival {
  readonly spec: Pick<SideSpec, 'label' | 'module' | 'env'> & { readonly setting: SideSpec['setting'] }
  /** Whether it polls DynamoDB, which is what the goals compare with. */
  readonly pollsDynamoDb: boolean
}

interface Contended {
  readonly series: Series
  readonly figures: Figures
  readonly goals: readonly Goal[]
}

/** Several processes count in the same sessions, as fast as they get them. */
export async function contended(context: PartContext, stack: BenchStack, rivals: readonly Rival[]): Promise<Contended> {
  const measured: Measured[] = []
  const compared: Series['compared'][number][] = []
  const rows: Figures['rows'][number][] = []
  const goals: Goal[] = []
  for (const setting of context.isQuick ? QUICK_SETTINGS : SETTINGS) {
    context.say(`${setting.processes} processes, ${setting.sessions} sessions`)
    const sides = await takeTurns(specsOf(setting, stack, rivals), {
      node: context.node,
      rounds: roundsOf(context, ROUNDS),
      warmUpRounds: 1,
      length: { ms: context.isQuick ? QUICK_ROUND_MS : ROUND_MS },
      consumed: () => stack.consumed(),
    })
    const [ours, ...theirs] = sides as [SideRounds, ...SideRounds[]]
    for (const side of sides) {
      measured.push({ ...measure(side), counts: { lostUpdates: lostUpdates(side) } })
      rows.push(rowOf(setting, side))
    }
    context.expectCount(`lost updates of ${HOLDFAST}`, lostUpdates(ours), 0)
    for (const other of theirs) compared.push(...compare([ours], other))
    if (setting === GOALS_SETTING) goals.push(...goalsOf(ours, polling(theirs, rivals)))
  }
  return {
    series: {
      title:
        'Processes that count in the same sessions: an operation is an access from its call to its acknowledgement',
      measured,
      compared,
    },
    figures: {
      title: 'The same in handoffs. The wait is that of a whole access',
      columns: [
        'processes',
        'sessions',
        'side',
        'handoffs',
        'handoffs/s',
        'accesses per handoff',
        'requests per handoff',
        'pushes per handoff',
        'function calls per handoff',
        "Jain's index",
        'worst wait ms',
      ],
      rows,
    },
    goals,
  }
}

const specsOf = (setting: Setting, stack: BenchStack, rivals: readonly Rival[]): readonly SideSpec[] => [
  {
    label: HOLDFAST,
    module: new URL('contended-side.js', import.meta.url),
    setting: { ...setting },
    processes: setting.processes,
    env: stack.stack.env,
  },
  ...rivals.map(({ spec }) => ({ ...spec, setting: { ...setting, ...spec.setting }, processes: setting.processes })),
]

const polling = (sides: readonly SideRounds[], rivals: readonly Rival[]): readonly SideRounds[] =>
  sides.filter(({ spec }) => rivals.some((rival) => rival.pollsDynamoDb && rival.spec.label === spec.label))

/** Updates that were acknowledged, and are missing in the end. */
function lostUpdates({ last }: SideRounds): number {
  const { acknowledged = 0, kept = 0 } = added(last.map((work) => work.counts))
  return acknowledged - kept
}

function rowOf({ processes, sessions }: Setting, side: SideRounds): Figures['rows'][number] {
  const works = side.rounds.flatMap((round) => round.works)
  const { handoffs, messages } = added(works.map((work) => work.counts))
  const accesses = sum(works.map((work) => work.operations))
  const seconds = sum(side.rounds.map((round) => Math.max(...round.works.map((work) => work.wallMs)))) / 1_000
  const requests = sum(side.rounds.map((round) => round.consumed?.requests ?? 0))
  const pushes = sum(side.rounds.map((round) => round.consumed?.pushes ?? 0))
  const perHandoff = (count: number) => (handoffs === undefined ? '–' : count / handoffs)
  return [
    processes,
    sessions,
    side.spec.label,
    handoffs ?? '–',
    perHandoff(handoffs ?? 0) === '–' ? '–' : (handoffs ?? 0) / seconds,
    perHandoff(accesses),
    perHandoff(requests),
    perHandoff(pushes),
    perHandoff(messages ?? 0),
    jain(side),
    worstWaitMs(side),
  ]
}

/** 1 where every process had as many accesses, 1/n where one had them all. */
function jain({ rounds }: SideRounds): number {
  const processes = rounds[0]?.works.length ?? 0
  const each = Array.from({ length: processes }, (_, index) =>
    sum(rounds.map((round) => round.works[index]?.operations ?? 0)),
  )
  return sum(each) ** 2 / (processes * sum(each.map((accesses) => accesses ** 2)))
}

const worstWaitMs = ({ rounds }: SideRounds): number =>
  Math.max(...rounds.flatMap((round) => round.works.flatMap((work) => work.latenciesMs)))

function goalsOf(ours: SideRounds, theirs: readonly SideRounds[]): readonly Goal[] {
  const where = `${GOALS_SETTING.processes} processes on one session`
  const fairness: Goal = {
    goal: `${where}: Jain's index over processes ≥ ${JAIN_MIN}`,
    figure: jain(ours).toFixed(3),
    isMet: jain(ours) >= JAIN_MIN,
  }
  const rate = (side: SideRounds) =>
    percentile(
      side.rounds.map((round) => round.operationsPerSecond),
      50,
    )
  const [best] = theirs.toSorted((a, b) => rate(b) - rate(a))
  if (best === undefined) return [fairness]
  const times = compare([ours], best)[0]?.ratio.median ?? Number.NaN
  const share = worstWaitMs(ours) / worstWaitMs(best)
  return [
    {
      goal: `${where}: accesses/s ≥ ${ACCESSES_TIMES_MIN} × the best polling DynamoDB lock's`,
      figure: `${times.toFixed(2)} × (${best.spec.label})`,
      isMet: times >= ACCESSES_TIMES_MIN,
    },
    fairness,
    {
      goal: `${where}: worst wait ≤ half of that lock's`,
      figure: `${worstWaitMs(ours).toFixed(0)} ms of ${worstWaitMs(best).toFixed(0)} ms`,
      isMet: share <= WORST_WAIT_SHARE_MAX,
    },
  ]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
