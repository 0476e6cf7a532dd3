import { type PartContext, roundsOf } from '../frame/part.js'
import type { Series } from '../frame/results.js'
import { compare, lostUpdates, measure, type SideRounds, takeTurns } from '../frame/rounds.js'
import type { SideSpec } from '../frame/side-process.js'
import type { BenchStack } from '../frame/stack.js'
import { type CountingName, isOnRedis, labelOf } from '../handoff/counting.js'
import type { PeerStores } from '../peers/stores.js'

type Access = 'read' | 'write'

const OURS: readonly CountingName[] = ['holdfast', 'holdfastWriteBack']
/** Where nobody waits, the settings of a lock make no difference: these have their defaults. */
const ALONE: readonly CountingName[] = [
  'connectDynamoDb',
  'failClosed',
  'failOpen',
  'deliveryHero',
  'redlock',
  'redisSemaphore',
]
const OVERLAPPING: readonly CountingName[] = [
  'connectDynamoDb',
  'failClosedTuned',
  'failOpenTuned',
  'deliveryHeroTuned',
  'redlockTuned',
  'redisSemaphoreTuned',
]
const TASKS = 8

/** Requests to DynamoDB of one operation by somebody alone, and its write units. */
const COSTS: Readonly<
  Partial<Record<CountingName, Readonly<Record<Access, readonly [requests: number, units: number]>>>>
> = {
  holdfast: { read: [0, 0], write: [1, 1] },
  connectDynamoDb: { read: [1, 0], write: [2, 1] },
  failClosed: { read: [3, 2], write: [4, 3] },
  failOpen: { read: [4, 2], write: [5, 3] },
  deliveryHero: { read: [4, 2], write: [5, 3] },
  redlock: { read: [0, 0], write: [0, 0] },
  redisSemaphore: { read: [0, 0], write: [0, 0] },
}
/** Write-back writes a session once in a while, however often it changes. */
const WRITE_BACK_REQUESTS_MAX = 0.5
/** Write-back writes every second: a round of its own takes several times as long, and ends when all is written. */
const WRITE_BACK_ROUNDS = 5

interface Shared {
  readonly context: PartContext
  readonly stack: BenchStack
  readonly stores: PeerStores
}

/** Accesses to sessions that nobody else uses, on the same DynamoDB, against every peer. */
export async function alone(shared: Shared, access: Access): Promise<Series> {
  const { context } = shared
  const ways = access === 'read' ? ['holdfast' as const, ...ALONE] : [...OURS, ...ALONE]
  const together: (readonly SideRounds[])[] = []
  for (const sessions of context.isQuick ? [100] : [1, 1_000]) {
    context.say(`${access} on DynamoDB, ${sessions} held`)
    together.push(await turns(shared, ways, { sessions, access, tasks: 1 }))
  }
  for (const side of together.flat()) expectCosts(context, side, access)
  return seriesOf(`A ${access} of a session that nobody else uses, on DynamoDB Local or Redis`, together, access)
}

/** Overlapping requests of one visitor to one server. */
export async function overlapping(shared: Shared): Promise<Series> {
  const { context } = shared
  context.say(`${TASKS} overlapping writes`)
  const sides = await turns(shared, [...OURS, ...OVERLAPPING], { sessions: 1, access: 'write', tasks: TASKS })
  for (const side of sides.filter(isOurs)) {
    context.expectCount(`${side.spec.label}, overlapping: lost updates`, lostUpdates(side), 0)
  }
  return seriesOf(`Overlapping writes of one session: ${TASKS} loops in one process`, [sides], 'write')
}

function turns(
  { context, stack, stores }: Shared,
  ways: readonly CountingName[],
  setting: { readonly sessions: number; readonly access: Access; readonly tasks: number },
): Promise<readonly SideRounds[]> {
  const module = new URL('stored-side.js', import.meta.url)
  const specs = ways
    .filter((way) => stores.hasRedis || !isOnRedis(way))
    .map((way): SideSpec => {
      const isShort = way === (setting.access === 'read' ? 'holdfast' : 'holdfastWriteBack')
      const env = OURS.includes(way) ? stack.stack.env : stores.env
      return { label: labelOf(way), module, setting: { ...setting, way, isShort }, env }
    })
  const ms = context.isQuick ? 80 : 500
  const { sessionsTable } = stack.stack.config
  return takeTurns(specs, {
    node: context.node,
    rounds: roundsOf(context, 7),
    warmUpRounds: 1,
    length: ({ setting: { way } }) => ({ ms: way === 'holdfastWriteBack' ? ms * WRITE_BACK_ROUNDS : ms }),
    // Not the locks' table: the clients that wait for their turn renew their leases there.
    consumed: ({ setting: { way } }) =>
      stack.consumed((table) => (isOursByName(way) ? table === sessionsTable : table.startsWith('peer-'))),
  })
}

function expectCosts(context: PartContext, side: SideRounds, access: Access): void {
  const { label, setting } = side.spec
  const { requestsPerOperation = Number.NaN, writeUnitsPerOperation = Number.NaN, counts } = measure(side)
  const what = `${label}, ${access} of ${String(setting.sessions)}`
  const cost = COSTS[setting.way as CountingName]?.[access]
  const writeBack = { from: 0, to: WRITE_BACK_REQUESTS_MAX }
  context.expectCount(`${what}: requests`, requestsPerOperation, cost?.[0] ?? writeBack)
  context.expectCount(`${what}: write units`, writeUnitsPerOperation, cost?.[1] ?? writeBack)
  if (access === 'write') context.expectCount(`${what}: lost updates`, lostUpdates(side), 0)
  if (isOurs(side)) context.expectCount(`${what}: sessions acquired again`, counts.handoffs ?? Number.NaN, 0)
}

function seriesOf(title: string, together: readonly (readonly SideRounds[])[], access: Access): Series {
  const settingOf = ({ sessions = 1 }: SideSpec['setting']) => ({ sessions })
  return {
    title,
    measured: together.flat().map((side) => ({
      ...measure(side),
      setting: settingOf(side.spec.setting),
      counts: access === 'write' ? { lostUpdates: lostUpdates(side) } : {},
    })),
    compared: together.flatMap((sides) =>
      sides
        .filter((side) => !isOurs(side))
        .flatMap((theirs) => compare(sides.filter(isOurs), theirs))
        .map((row) => ({ ...row, setting: settingOf(row.setting) })),
    ),
  }
}

const isOursByName = (way: unknown): boolean => OURS.some((name) => name === way)

const isOurs = ({ spec }: SideRounds): boolean => isOursByName(spec.setting.way)
