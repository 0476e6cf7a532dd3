import { type Command, InvalidArgumentError } from 'commander'
import { type Costs, costsOf, type LineName, type Load } from '../cost/model.js'
import { OWN_PRICES, type PriceList, readPrices } from '../cost/price-file.js'
import { examples, wholeNumber } from '../stack/options.js'
import type { Terminal } from '../terminal.js'
import { table } from '../view/table.js'

interface CostOptions {
  readonly processes: number
  readonly accesses: number
  readonly writes: number
  readonly handoffs: number
  readonly visits?: number
  readonly size: number
  readonly durability: Load['durability']
  readonly changesPerWrite: number
  readonly leaseMs: number
  readonly idleShare: number
  readonly peak: number
  readonly prices?: string
  readonly printPrices?: boolean
  readonly json?: boolean
}

/** A visit has so many accesses unless `--visits` says otherwise. */
const ACCESSES_PER_VISIT = 20
const SIZE_KB_MAX = 398

export function defineCost(command: Command, terminal: Terminal): void {
  command
    .option('--processes <number>', 'application servers, all month', wholeNumber(1, 1_000_000), 4)
    .option('--accesses <number>', 'accesses a month, as 10M or 500k', amount, 10_000_000)
    .option('--writes <share>', 'accesses that change something, from 0 to 1', share, 0.2)
    .option('--handoffs <share>', 'accesses whose session another server holds, from 0 to 1', share, 0.01)
    .option(
      '--visits <number>',
      `sessions a month that nobody holds when they are wanted (default: accesses / ${ACCESSES_PER_VISIT})`,
      amount,
    )
    .option('--size <kb>', 'a session, in KB', number(0.001, SIZE_KB_MAX), 1)
    .option('--durability <access|release>', 'when changes are written', durability, 'access')
    .option('--changes-per-write <number>', "changes that one write carries, with 'release'", number(1, 1_000_000), 5)
    .option('--lease-ms <ms>', 'the lease: a process renews four times in it', wholeNumber(1_000, 86_400_000), 15_000)
    .option('--idle-share <share>', 'the part of their time in which processes sleep, from 0 to 1', share, 0)
    .option('--peak <factor>', 'how many times the average the busiest second is', number(1, 10_000), 5)
    .option('--prices <file>', 'other prices, as --print-prices prints them')
    .option('--print-prices', 'print the prices, with their date and sources, and end')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nA process that has had nothing to do for 4 leases, and holds nothing, sleeps: it does not renew. It asks nobody: list prices on demand, without free tiers, storage, backups, logs and traffic out of the region. The
requests of each step are those of docs/internals/protocol.md; functions' time is modelled. Without stickiness on N servers the
share of handoffs is about (N - 1) / N.
${examples('holdfast cost --processes 8 --accesses 50M --handoffs 0.02', 'holdfast cost --size 4 --writes 0.5 --durability release', 'holdfast cost --print-prices > prices.json', 'holdfast cost --prices prices.json --json | jq .dollars')}`,
    )
    .action((options: CostOptions) => cost(options, terminal))
}

function cost(options: CostOptions, terminal: Terminal): void {
  if (options.printPrices === true) return terminal.print(JSON.stringify(OWN_PRICES, undefined, 2))
  const list = readPrices(options.prices)
  const { accesses, visits = accesses / ACCESSES_PER_VISIT } = options
  const load: Load = {
    processes: options.processes,
    accesses,
    writeShare: options.writes,
    handoffShare: options.handoffs,
    visits,
    sizeKb: options.size,
    durability: options.durability,
    changesPerWrite: options.changesPerWrite,
    leaseMs: options.leaseMs,
    idleShare: options.idleShare,
    peak: options.peak,
  }
  const costs = costsOf(load, list.prices)
  const prices = { region: list.region, date: list.date }
  terminal.print(
    options.json === true ? JSON.stringify({ load, prices, ...costs }) : textOf(costs, load, list, terminal),
  )
}

const NAMES: { readonly [N in LineName]: string } = {
  changes: 'writes of changes',
  handoffs: 'handoffs',
  visits: 'visits',
  heartbeats: 'heartbeats (renewals)',
  connections: 'connection minutes',
  sleep: 'connections of sleeping processes',
}

function textOf(costs: Costs, load: Load, { region, date }: PriceList, { paint }: Terminal): string {
  const { byService, dollars, comparisons, quotas } = costs
  const row = (name: string, count: string, one: typeof byService, sum: number) => [
    name,
    count,
    money(one.dynamoDb),
    money(one.apiGateway),
    money(one.lambda),
    money(sum),
  ]
  const lines = costs.lines.map((line) => row(NAMES[line.name], grouped(line.count), line, line.dollars))
  const bill = table(
    ['dollars a month', 'count', 'DynamoDB', 'API Gateway', 'Lambda', 'together'],
    [...lines, row('together', '', byService, dollars)],
    paint,
  )
  const others = comparisons.map(({ name, dollars: theirs, breakEvenAccesses, cheaper }) => [
    name === 'redis' ? 'one small Redis node, without a replica' : 'connect-dynamodb',
    money(theirs),
    cheaper === 'holdfast' ? 'Holdfast' : 'the other',
    breakEvenAccesses === null ? 'never equal' : grouped(breakEvenAccesses),
  ])
  const [first] = quotas
  const reached =
    first === undefined ? '' : `${first.name}: ${percent(first.share)} of ${grouped(first.limit)} (${first.where})`
  return [
    `${grouped(load.accesses)} accesses a month on ${load.processes} processes, prices of ${region} on ${date}`,
    bill,
    table(['against', 'dollars a month', 'cheaper', 'equal at accesses a month'], others, paint),
    `${paint('bold', 'the quota that is reached first')}, in the busiest second (${load.peak} times the average)\n${reached}`,
  ].join('\n\n')
}

const money = (dollars: number): string => dollars.toFixed(2)
const grouped = (count: number): string => Math.round(count).toLocaleString('en-US')
const percent = (part: number): string => `${(100 * part).toFixed(part < 0.01 ? 3 : 1)} %`

const SUFFIXES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

function amount(text: string): number {
  const [, digits = '', suffix = ''] = /^(\d{1,12}(?:\.\d+)?)([kmg]?)$/i.exec(text) ?? []
  if (digits !== '') return Number(digits) * (SUFFIXES[suffix.toLowerCase()] ?? 1)
  throw new InvalidArgumentError('Expected a number such as 10000, 500k or 10M.')
}

const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`)
  }

const share = number(0, 1)

function durability(text: string): Load['durability'] {
  if (text === 'access' || text === 'release') return text
  throw new InvalidArgumentError("Expected 'access' or 'release'.")
}
