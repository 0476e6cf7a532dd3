import { checkKeys, integer, invalid, type Keys } from '../../client/options/check.js'
import { ACCOUNT_RATE, CONCURRENCY, CONNECTION_RATE, IAM_SPREAD_MS_MAX, type Rate } from './aws-quotas.js'
import { TokenBucket, takeFromAll } from './token-bucket.js'

/**
 * Quotas of an account in one region. Those that are not given are as AWS documents them.
 *
 * @example
 * await startLocalStack({ quotas: { stage: { perSecond: 20, burst: 10 } } })
 */
export interface Quotas {
  /**
   * Messages, connects and pushes.
   * @default - 10,000 a second, 5,000 at once
   */
  readonly account?: Rate
  /**
   * New connections.
   * @default - 500 a second, 500 at once
   */
  readonly connections?: Rate
  /**
   * Connects, and messages to all routes that have no throttle of their own.
   * @default - as the template has it; in memory 2,000 a second, 1,000 at once
   */
  readonly stage?: Rate
  /**
   * Messages to one route, such as `renew`.
   * @default - as the template has it; in memory none
   */
  readonly routes?: Readonly<Record<string, Rate>>
  /**
   * Functions that run at once; the others fail.
   * @default 1000
   */
  readonly concurrency?: number
  /**
   * Writes to each table.
   * @default - 4,000 a second, and at once, as a new table takes them
   */
  readonly tableWrites?: Rate
  /**
   * Reads from each table.
   * @default - 12,000 a second, and at once
   */
  readonly tableReads?: Rate
  /**
   * How long an application that `addApplication` adds is refused, as where a change of IAM has not spread yet: a user for
   * its key, a session of a role for its rights. Up to ten minutes. In memory there is no IAM: nothing is refused there.
   * @default 0 - also with 'account': AWS documents no time
   */
  readonly iamSpreadMs?: number
}

/** The quotas of messages, connections and pushes. */
export type GatewayQuotas = Pick<Quotas, 'account' | 'connections' | 'stage' | 'routes'>

/** The throttles of one stage. */
export interface Throttles {
  readonly stage: Rate | undefined
  readonly routes: Readonly<Record<string, Rate>>
}

const KEYS: Keys<Quotas> = {
  account: true,
  connections: true,
  stage: true,
  routes: true,
  concurrency: true,
  tableWrites: true,
  tableReads: true,
  iamSpreadMs: true,
}
const RATE_KEYS: Keys<Rate> = { perSecond: true, burst: true }

/** Checks the option `quotas`. Throws an InvalidArgumentError that names what is wrong. */
export function compileQuotas(quotas: 'account' | Quotas | undefined): Quotas | undefined {
  if (quotas === undefined) return undefined
  if (quotas === 'account') return {}
  if (typeof quotas !== 'object' || quotas === null) throw invalid('quotas', "'account' or an object of quotas", quotas)
  checkKeys(quotas, KEYS, "the option 'quotas'")
  const { concurrency, iamSpreadMs = 0, routes = {}, ...rates } = quotas
  const isRecord = typeof routes === 'object' && routes !== null
  if (!isRecord) throw invalid('quotas.routes', 'an object of rates', routes)
  for (const [name, rate] of Object.entries(rates)) if (rate !== undefined) checkRate(`quotas.${name}`, rate)
  for (const [name, rate] of Object.entries(routes)) checkRate(`quotas.routes.${name}`, rate)
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency > 0))
    throw invalid('quotas.concurrency', 'a whole number above 0', concurrency)
  integer('quotas.iamSpreadMs', iamSpreadMs, 0, IAM_SPREAD_MS_MAX)
  return quotas
}

function checkRate(name: string, rate: Rate): void {
  if (typeof rate !== 'object' || rate === null) throw invalid(name, 'an object { perSecond, burst }', rate)
  checkKeys(rate, RATE_KEYS, `the option '${name}'`)
  for (const part of ['perSecond', 'burst'] as const) {
    const value = rate[part]
    if (!(Number.isFinite(value) && value > 0)) throw invalid(`${name}.${part}`, 'a number above 0', value)
  }
}

/** What the quotas still let through. Without quotas it is everything. */
export class QuotaCounts {
  private readonly account: TokenBucket[] = []
  private readonly connections: TokenBucket[] = []
  private readonly stage: TokenBucket[] = []
  private readonly routes = new Map<string, TokenBucket>()
  private readonly concurrencyMax: number
  private readonly others = new Set<QuotaCounts>()
  private running = 0

  constructor(
    quotas: Quotas | undefined,
    private readonly throttles: Throttles,
    private readonly nowMs: () => number,
  ) {
    this.concurrencyMax = quotas === undefined ? Number.POSITIVE_INFINITY : (quotas.concurrency ?? CONCURRENCY)
    if (quotas === undefined) return
    const { account = ACCOUNT_RATE, connections = CONNECTION_RATE, stage = throttles.stage, routes } = quotas
    this.account.push(new TokenBucket(account, nowMs))
    this.connections.push(new TokenBucket(connections, nowMs))
    if (stage !== undefined) this.stage.push(new TokenBucket(stage, nowMs))
    for (const [key, rate] of Object.entries({ ...throttles.routes, ...routes }))
      this.routes.set(key, new TokenBucket(rate, nowMs))
  }

  /** Counts against these quotas, too. The returned function ends this. */
  throttle(quotas: GatewayQuotas): () => void {
    const other = new QuotaCounts(compileQuotas(quotas), this.throttles, this.nowMs)
    this.others.add(other)
    return () => this.others.delete(other)
  }

  connect(): boolean {
    return this.take((counts) => [...counts.account, ...counts.connections, ...counts.routeOrStage('$connect')])
  }

  message(route: string): boolean {
    return this.take((counts) => [...counts.account, ...counts.routeOrStage(route)])
  }

  push(): boolean {
    return this.take(({ account }) => account)
  }

  /** Runs a function, or does not: undefined where too many run. */
  async run<T>(invoke: () => Promise<T>): Promise<T | undefined> {
    if (this.running >= this.concurrencyMax) return undefined
    this.running += 1
    try {
      return await invoke()
    } finally {
      this.running -= 1
    }
  }

  private take(bucketsOf: (counts: QuotaCounts) => readonly TokenBucket[]): boolean {
    return takeFromAll([this, ...this.others].flatMap(bucketsOf))
  }

  private routeOrStage(route: string): readonly TokenBucket[] {
    const own = this.routes.get(route)
    return own === undefined ? this.stage : [own]
  }
}
