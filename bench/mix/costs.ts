import {
  type Consumption,
  dollarsOf,
  dollarsOfIdleHour,
  dollarsOfSleepingHour,
} from '../../inspector/costs/consumption.js'
import { PRICES, PRICES_DATE, PRICES_REGION } from '../../inspector/costs/prices.js'
import { grouped } from '../figures.js'
import type { PartContext } from '../frame/part.js'
import type { Caution, Figures } from '../frame/results.js'
import { type CountedConsumption, countConsumption } from './counted.js'

const MILLION = 1_000_000
const HOURS_PER_MONTH = 730
const PROCESSES = [1, 4, 16, 64] as const
const HANDOFF_SHARES = [0, 0.01, 0.05, 0.1, 0.2] as const
/** Accesses of all processes in a month. */
const ACCESSES_PER_MONTH = [1, 10, 100].map((millions) => millions * MILLION)

/** What Holdfast and the others cost: counted requests times the prices of prices.ts. */
export interface Costs {
  /** What an access takes whose session comes from another process. */
  readonly handedOver: Consumption
  readonly figures: readonly Figures[]
  readonly cautions: readonly Caution[]
}

const dynamoDb = (readUnits: number, writeUnits: number): Consumption => ({
  writeUnits,
  readUnits,
  functionWrites: 0,
  functionReads: 0,
  messages: 0,
  pushes: 0,
})

/** Of items below 1 KB, each read strongly consistent: connect-dynamodb for a request that writes. */
const GET_AND_PUT = dynamoDb(1, 1)
/** The same between a put and a delete of a lock that was free. */
const LOCKED_GET_AND_PUT = dynamoDb(1, 3)

/** How an application uses its sessions, and what that takes with another store. */
const USES = [
  { use: 'each access writes, against get and put', writeShare: 1, other: GET_AND_PUT },
  // express-session touches a session that did not change, which is a write of the same size.
  { use: '1 in 5 writes, against get, and put or touch', writeShare: 0.2, other: GET_AND_PUT },
  { use: 'each writes, against get and put under a lock', writeShare: 1, other: LOCKED_GET_AND_PUT },
] as const

export async function costs(context: PartContext): Promise<Costs> {
  context.say('counts what each kind of access takes')
  const counted = await countConsumption()
  const { kept, handedOver, idleHour, sleepingHour } = counted
  context.expectCount('write units of a kept access', kept.writeUnits, 1)
  context.expectCount('messages of a kept access', kept.messages, 0)
  context.expectCount('write units of an access with its handoff', handedOver.writeUnits, { from: 3, to: 5 })
  context.expectCount('messages of an access with its handoff', handedOver.messages, 2)
  context.expectCount('messages of an idle hour', idleHour.messages, { from: 900, to: 1_000 })
  context.expectCount('messages of a sleeping hour', sleepingHour.messages, 0)
  context.expectCount('connections of a sleeping hour', sleepingHour.connections, { from: 12, to: 16 })
  return {
    handedOver,
    figures: [unitsTable(counted), perMillionTable(counted), breakEvenTable(counted)],
    cautions: [few(counted)],
  }
}

function unitsTable({ kept, handedOver, idleHour, sleepingHour }: CountedConsumption): Figures {
  const row = (what: string, one: Consumption, dollars: number) => [
    what,
    one.writeUnits,
    one.readUnits,
    one.messages,
    one.pushes,
    (dollars * MILLION).toFixed(2),
  ]
  return {
    title: `Counted, and priced per million (${PRICES_REGION}, ${PRICES_DATE}; functions' time modelled)`,
    columns: ['what', 'write units', 'read units', 'messages to functions', 'pushes', 'dollars per million'],
    rows: [
      row('access that writes, session held', kept, dollarsOf(kept)),
      row('the same with a handoff', handedOver, dollarsOf(handedOver)),
      row('an idle hour of a process that holds sessions', idleHour, dollarsOfIdleHour(idleHour)),
      row('an hour of a process that sleeps', sleepingHour, dollarsOfSleepingHour(sleepingHour)),
      row('get and put, as connect-dynamodb', GET_AND_PUT, dollarsOf(GET_AND_PUT)),
      row('the same under a free lock in DynamoDB', LOCKED_GET_AND_PUT, dollarsOf(LOCKED_GET_AND_PUT)),
    ],
  }
}

interface Load {
  readonly accesses: number
  readonly processes: number
  readonly handoffShare: number
  readonly writeShare: number
}

/** Dollars in a month. */
function monthOf({ kept, handedOver, idleHour }: CountedConsumption, load: Load): number {
  const { accesses, processes, handoffShare, writeShare } = load
  const handoff = dollarsOf(handedOver) - dollarsOf(kept)
  const access = writeShare * dollarsOf(kept) + handoffShare * handoff
  return accesses * access + processes * HOURS_PER_MONTH * dollarsOfIdleHour(idleHour)
}

function perMillionTable(counted: CountedConsumption): Figures {
  const rows: Figures['rows'][number][] = []
  const processes = 4
  for (const accesses of ACCESSES_PER_MONTH) {
    const millions = accesses / MILLION
    const ours = HANDOFF_SHARES.map(
      (handoffShare) => monthOf(counted, { accesses, processes, handoffShare, writeShare: 1 }) / millions,
    )
    const redis = (PRICES.redisNodeHour.dollars * HOURS_PER_MONTH) / millions
    const others = [GET_AND_PUT, LOCKED_GET_AND_PUT].map((other) => MILLION * dollarsOf(other))
    const each = [...ours, ...others, redis]
    rows.push([accesses, ...each.map((dollars) => dollars.toFixed(2))])
  }
  return {
    title: `Dollars per million accesses that write, with the renewals of ${processes} processes: modelled`,
    columns: [
      'accesses a month',
      ...HANDOFF_SHARES.map((share) => `Holdfast, ${100 * share} % handoffs`),
      'get and put',
      'get and put under a lock',
      'one Redis node',
    ],
    rows,
  }
}

interface Comparison {
  readonly processes: number
  readonly handoffShare: number
  readonly writeShare: number
  readonly other: Consumption
}

/** The accesses a month from which Holdfast costs less than the other, or undefined where it never does. */
function breakEven(counted: CountedConsumption, comparison: Comparison): number | undefined {
  const fixed = monthOf(counted, { ...comparison, accesses: 0 })
  const saved = dollarsOf(comparison.other) - monthOf(counted, { ...comparison, accesses: 1, processes: 0 })
  return saved > 0 ? Math.ceil(fixed / saved) : undefined
}

const breakEvenTable = (counted: CountedConsumption): Figures => ({
  title: 'Accesses a month from which Holdfast costs less: modelled',
  columns: ['use', 'processes', ...HANDOFF_SHARES.map((share) => `${100 * share} % handoffs`)],
  rows: USES.flatMap(({ use, ...rest }) =>
    PROCESSES.map((processes) => [
      use,
      processes,
      ...HANDOFF_SHARES.map((handoffShare) => breakEven(counted, { processes, handoffShare, ...rest }) ?? 'never'),
    ]),
  ),
})

function few(counted: CountedConsumption): Caution {
  const month = monthOf(counted, { accesses: 0, processes: 1, handoffShare: 0, writeShare: 1 })
  const [{ writeShare, other }] = USES
  const least = breakEven(counted, { processes: 1, handoffShare: 0, writeShare, other })
  return {
    when: 'there are few accesses per process and month, or many of them need a handoff, and only the bill counts',
    figure:
      `an idle process that holds a session costs ${month.toFixed(2)} dollars a month; where each access writes, a get and a put cost less ` +
      (least === undefined ? 'always' : `below ${grouped(least)} accesses a month and process (modelled)`),
  }
}
