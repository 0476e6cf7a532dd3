import {
  type Consumption,
  dollarsByService,
  dollarsOf,
  functionMsOf,
  NOTHING,
  type ServiceDollars,
} from '../../inspector/costs/consumption.js'
import type { Prices } from '../../inspector/costs/prices.js'
import { RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import { QUOTAS } from './quotas.js'

const HOURS_PER_MONTH = 730
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3_600
const MINUTES_PER_MONTH = HOURS_PER_MONTH * 60
const KB_PER_READ_UNIT = 4
/** A process that sleeps replaces the connection that stands by so often: docs/internals/protocol.md, "How does a process sleep?". */
const SLEEPING_CONNECTIONS_PER_HOUR = 14
/** Processes of a deployment start within this. */
const START_SECONDS = 10

/** What an application does in a month. */
export interface Load {
  readonly processes: number
  readonly accesses: number
  /** Of the accesses, those that change something. */
  readonly writeShare: number
  /** Of the accesses, those whose session another process holds. */
  readonly handoffShare: number
  /** Sessions that no process holds when they are wanted, and that are given back when nobody uses them any more. */
  readonly visits: number
  readonly sizeKb: number
  readonly durability: 'access' | 'release'
  /** With `release`: changes that one write carries. */
  readonly changesPerWrite: number
  readonly leaseMs: number
  /** Of their time, that in which processes sleep: they have nothing to do, and do not renew. */
  readonly idleShare: number
  /** How many times the average the busiest second is. */
  readonly peak: number
}

export type LineName = 'changes' | 'handoffs' | 'visits' | 'heartbeats' | 'connections' | 'sleep'

interface Line extends ServiceDollars {
  readonly name: LineName
  readonly count: number
  readonly dollars: number
}

interface QuotaUse {
  readonly name: string
  readonly use: number
  readonly limit: number
  readonly share: number
  readonly where: string
}

interface Comparison {
  readonly name: 'connect-dynamodb' | 'redis'
  readonly dollars: number
  /** Accesses a month, of this load's kind, where both cost the same. Null where one is always cheaper. */
  readonly breakEvenAccesses: number | null
  readonly cheaper: 'holdfast' | 'other'
}

export interface Costs {
  readonly lines: readonly Line[]
  readonly byService: ServiceDollars
  readonly dollars: number
  readonly quotas: readonly QuotaUse[]
  readonly comparisons: readonly Comparison[]
}

/** What one of each takes of AWS, by docs/internals/protocol.md, "What does a handoff cost?". An update is billed by the whole item. */
export function unitsOf(sizeKb: number): { readonly [N in Exclude<LineName, 'connections' | 'sleep'>]: Consumption } {
  const item = Math.ceil(sizeKb)
  return {
    changes: { ...NOTHING, writeUnits: item },
    // The enqueue, the release, and the claim; both processes' records; the revoke, and the grant.
    handoffs: { writeUnits: 2 + item, readUnits: 2, functionWrites: 2, functionReads: 2, messages: 2, pushes: 2 },
    // A look, the grant, the claim, and the release.
    visits: {
      writeUnits: 2 + item,
      readUnits: Math.ceil(sizeKb / KB_PER_READ_UNIT),
      functionWrites: 2,
      functionReads: 0,
      messages: 2,
      pushes: 0,
    },
    heartbeats: { ...NOTHING, writeUnits: 1, functionWrites: 1, messages: 1 },
  }
}

const countsOf = (load: Load) => ({
  changes: (load.accesses * load.writeShare) / (load.durability === 'release' ? load.changesPerWrite : 1),
  handoffs: load.accesses * load.handoffShare,
  visits: load.visits,
  heartbeats: load.processes * (1 - load.idleShare) * (SECONDS_PER_MONTH / (load.leaseMs / 1_000)) * RENEWALS_PER_LEASE,
})

export function costsOf(load: Load, prices: Prices): Costs {
  const lines = linesOf(load, prices)
  const sum = (of: (line: Line) => number) => lines.reduce((total, line) => total + of(line), 0)
  const dollars = sum((line) => line.dollars)
  return {
    lines,
    byService: {
      dynamoDb: sum((line) => line.dynamoDb),
      apiGateway: sum((line) => line.apiGateway),
      lambda: sum((line) => line.lambda),
    },
    dollars,
    quotas: quotasOf(load).toSorted((a, b) => b.share - a.share),
    comparisons: comparisonsOf(load, dollars, prices),
  }
}

function linesOf(load: Load, prices: Prices): Line[] {
  const units = unitsOf(load.sizeKb)
  const lines = Object.entries(countsOf(load)).map(([name, count]): Line => {
    const one = dollarsByService(units[name as keyof typeof units], prices)
    const [dynamoDb, apiGateway, lambda] = [one.dynamoDb * count, one.apiGateway * count, one.lambda * count]
    return { name: name as LineName, count, dynamoDb, apiGateway, lambda, dollars: dynamoDb + apiGateway + lambda }
  })
  const count = load.processes * MINUTES_PER_MONTH
  const dollars = count * prices.connectionMinute.dollars
  return [
    ...lines,
    { name: 'connections', count, dynamoDb: 0, apiGateway: dollars, lambda: 0, dollars },
    sleepLine(load, prices),
  ]
}

/** Each connection that is opened by a process that sleeps closes another one: two calls of functions, with a write each. */
function sleepLine({ processes, idleShare }: Load, prices: Prices): Line {
  const count = processes * idleShare * HOURS_PER_MONTH * SLEEPING_CONNECTIONS_PER_HOUR
  const one = dollarsByService({ ...NOTHING, writeUnits: 2, functionWrites: 2 }, prices)
  const dynamoDb = count * one.dynamoDb
  const lambda = count * (one.lambda + 2 * prices.functionCall.dollars)
  return { name: 'sleep', count, dynamoDb, apiGateway: 0, lambda, dollars: dynamoDb + lambda }
}

/** The use of each quota in the busiest second. Heartbeats are spread evenly. */
function quotasOf(load: Load): QuotaUse[] {
  const units = unitsOf(load.sizeKb)
  const counts = countsOf(load)
  const each = (of: (one: Consumption) => number) =>
    Object.entries(counts).reduce((total, [name, count]) => {
      const factor = name === 'heartbeats' ? 1 : load.peak
      return total + (factor * count * of(units[name as keyof typeof units])) / SECONDS_PER_MONTH
    }, 0)
  const item = units.changes.writeUnits
  const uses: { readonly [N in keyof typeof QUOTAS]: number } = {
    messages: each(({ messages }) => messages),
    connections: load.processes / START_SECONDS,
    concurrency: each(functionMsOf) / 1_000,
    writes: each(({ writeUnits }) => writeUnits),
    // As if the busiest session had a hundredth of all changes.
    hotSession: (load.peak * counts.changes * item) / SECONDS_PER_MONTH / 100,
  }
  return Object.entries(QUOTAS).map(([key, { name, limit, where }]) => {
    const use = uses[key as keyof typeof QUOTAS]
    return { name, use, limit, share: use / limit, where }
  })
}

function comparisonsOf(load: Load, dollars: number, prices: Prices): Comparison[] {
  const fixed = costOf({ ...load, accesses: 0, visits: 0 }, prices)
  // Visits grow with the accesses.
  const perAccess = load.accesses === 0 ? 0 : (dollars - fixed) / load.accesses
  const item = Math.ceil(load.sizeKb)
  // express-session reads with each request, and writes or touches: a write of the same size.
  const other = dollarsOf(
    { ...NOTHING, readUnits: Math.ceil(load.sizeKb / KB_PER_READ_UNIT), writeUnits: item },
    prices,
  )
  const node = prices.redisNodeHour.dollars * HOURS_PER_MONTH
  const saved = other - perAccess
  return [
    comparison('connect-dynamodb', load.accesses * other, dollars, saved > 0 ? fixed / saved : undefined),
    comparison('redis', node, dollars, perAccess > 0 && node > fixed ? (node - fixed) / perAccess : undefined),
  ]
}

const costOf = (load: Load, prices: Prices): number =>
  linesOf(load, prices).reduce((sum, line) => sum + line.dollars, 0)

const comparison = (
  name: Comparison['name'],
  others: number,
  ours: number,
  breakEven: number | undefined,
): Comparison => ({
  name,
  dollars: others,
  breakEvenAccesses: breakEven === undefined ? null : Math.ceil(breakEven),
  cheaper: ours <= others ? 'holdfast' : 'other',
})
