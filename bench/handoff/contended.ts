import { percentile } from '../figures.js'
import { type PartContext, roundsOf } from '../frame/part.js'
import type { Caution, Figures, Goal, Measured, Series } from '../frame/results.js'
import { added, compare, fasterThan, lostUpdates, measure, type SideRounds, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'
import type { BenchStack } from '../frame/stack.js'
import type { PeerStores } from '../peers/stores.js'
import { type CountingName, isOnRedis, labelOf } from './counting.js'

const SETTINGS = [
  { processes: 2, sessions: 1, tasks: 1 },
  { processes: 4, sessions: 1, tasks: 1 },
  { processes: 4, sessions: 1, tasks: 4 },
  { processes: 8, sessions: 1, tasks: 1 },
  { processes: 2, sessions: 50, tasks: 4 },
  { processes: 4, sessions: 50, tasks: 4 },
  { processes: 8, sessions: 50, tasks: 4 },
] as const
const QUICK_SETTINGS = [SETTINGS[1]]
/** The settings that the goals name. */
const GOALS_SETTINGS: readonly Setting[] = [SETTINGS[1], SETTINGS[2]]
const ROUNDS = 5
/** Long enough for 1,000 handoffs in all rounds. */
const ROUND_MS = 4_000
const ROUND_MS_OF_OTHERS = 1_500
const QUICK_ROUND_MS = 400
const ACCESSES_TIMES_MIN = 3
const JAIN_MIN = 0.95
const WORST_WAIT_SHARE_MAX = 0.5

type Setting = (typeof SETTINGS)[number]

/** The polling locks with their best settings. As they are, they poll too seldom for a benchmark of some seconds. */
const POLLING_DYNAMODB: readonly CountingName[] = ['failClosedTuned', 'failOpenTuned', 'deliveryHeroTuned']
const POLLING_REDIS: readonly CountingName[] = ['redlockTuned', 'redisSemaphoreTuned']
/** On many sessions few wait for a lock, so that the locks differ little. */
const WAYS_ON_MANY: ReadonlySet<CountingName> = new Set(['failClosedTuned', 'redlockTuned'])
const QUICK_WAYS: readonly CountingName[] = ['failClosedTuned']

export interface Contended {
  readonly series: Series
  readonly figures: Figures
  readonly goals: readonly Goal[]
  readonly cautions: readonly Caution[]
}

/** Several processes count in the same sessions, as fast as they get them. */
export async function contended(context: PartContext, stack: BenchStack, stores: PeerStores): Promise<Contended> {
  const measured: Measured[] = []
  const compared: Series['compared'][number][] = []
  const rows: Figures['rows'][number][] = []
  const goals: Goal[] = []
  const cautions: Caution[] = []
  for (const setting of context.isQuick ? QUICK_SETTINGS : SETTINGS) {
    context.say(`${setting.processes} processes, ${setting.sessions} sessions`)
    const sides = await takeTurns(specsOf(context, setting, stack, stores), {
      node: context.node,
      rounds: roundsOf(context, ROUNDS),
      warmUpRounds: 1,
      length: ({ setting: { way } }) => ({ ms: roundMs(context, way === 'holdfast') }),
      consumed: (spec) => stack.consumedBy(spec),
    })
    const [ours, ...theirs] = sides as [SideRounds, ...SideRounds[]]
    for (const side of sides) {
      measured.push({ ...measure(side), setting: shownSetting(setting), counts: { lostUpdates: lostUpdates(side) } })
      rows.push(rowOf(setting, side))
    }
    context.expectCount(`lost updates of ${ours.spec.label}`, lostUpdates(ours), 0)
    for (const other of theirs) {
      compared.push(...compare([ours], other).map((row) => ({ ...row, setting: shownSetting(setting) })))
    }
    cautions.push(...cautionsOf(context, setting, ours, theirs))
    if (GOALS_SETTINGS.includes(setting)) goals.push(...goalsOf(setting, ours, theirs.filter(pollsDynamoDb)))
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
        'tasks',
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
    cautions,
  }
}

function specsOf(context: PartContext, setting: Setting, stack: BenchStack, stores: PeerStores): readonly SideSpec[] {
  const redis = stores.hasRedis ? POLLING_REDIS : []
  const all = [...POLLING_DYNAMODB, ...redis]
  const ways = context.isQuick ? QUICK_WAYS : setting.sessions === 1 ? all : all.filter((way) => WAYS_ON_MANY.has(way))
  const spec = (way: CountingName, env: SideSpec['env']): SideSpec => ({
    label: labelOf(way),
    module: new URL('contended-side.js', import.meta.url),
    setting: { ...setting, way },
    processes: setting.processes,
    ...(env === undefined ? {} : { env }),
  })
  return [spec('holdfast', stack.stack.env), ...ways.map((way) => spec(way, stores.env))]
}

const roundMs = ({ isQuick }: PartContext, isOurs: boolean): number =>
  isQuick ? QUICK_ROUND_MS : isOurs ? ROUND_MS : ROUND_MS_OF_OTHERS

const pollsDynamoDb = ({ spec }: SideRounds): boolean => POLLING_DYNAMODB.some((way) => way === spec.setting.way)

const shownSetting = ({ processes, sessions, tasks }: Setting) => ({ processes, sessions, tasks })

function rowOf({ processes, sessions, tasks }: Setting, side: SideRounds): Figures['rows'][number] {
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
    tasks,
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

function goalsOf({ processes, tasks }: Setting, ours: SideRounds, theirs: readonly SideRounds[]): readonly Goal[] {
  const where = `${processes} processes on one session, ${tasks === 1 ? 'one task' : `${tasks} tasks`} each`
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

/** A counter that all servers use is where a lock that stays with a server helps least. */
function cautionsOf(
  { isModelled }: PartContext,
  { processes, sessions, tasks }: Setting,
  ours: SideRounds,
  theirs: readonly SideRounds[],
): Caution[] {
  const faster = theirs
    .filter(({ spec }) => isModelled || !isOnRedis(spec.setting.way as CountingName))
    .flatMap((other) => fasterThan(ours, other).map((ratio) => `${other.spec.label} ${ratio} ×`))
  if (faster.length === 0) return []
  const where = sessions === 1 ? 'one session' : `${sessions} sessions`
  return [
    {
      when: `${processes} processes with ${tasks} tasks each use ${where} all the time, like a hot counter`,
      figure: `accesses/s against Holdfast's: ${faster.join(', ')}`,
    },
  ]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
