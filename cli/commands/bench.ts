import type { Command } from 'commander'
import { NAMESPACE_PATTERN, type SessionKey } from '../../protocol/keys.js'
import { atMost, type Cost, requestsOf, spent } from '../bench/estimate.js'
import { failuresOf, type Part, partOf } from '../bench/figures.js'
import { Load, type LoadOptions, type PartName } from '../bench/load.js'
import { type PriceList, readPrices } from '../cost/price-file.js'
import { EXIT, usage } from '../failure.js'
import {
  BENCH_COMMITS_PER_SECOND,
  BENCH_HANDOFFS_PER_SECOND,
  BENCH_LEFT_NAMED,
  BENCH_PROCESSES_DEFAULT,
  BENCH_PROCESSES_MAX,
  BENCH_PROCESSES_MIN,
  BENCH_SECONDS_DEFAULT,
  BENCH_SECONDS_MAX,
  BENCH_SECONDS_MIN,
  BENCH_SESSIONS_DEFAULT,
  BENCH_SESSIONS_MAX,
  BENCH_TTL_MS,
  P99_TIMES_MIN,
} from '../limits.js'
import { examples, type StackOptions, wholeNumber, withStackOptions } from '../stack/options.js'
import { openTarget, type Target } from '../stack/target.js'
import type { Terminal } from '../terminal.js'
import { table } from '../view/table.js'
import { duration, plural, shortKey } from '../view/words.js'

interface BenchOptions extends StackOptions, LoadOptions {
  readonly stack?: boolean
  readonly prices?: string
  readonly yes?: boolean
}

const PARTS: readonly (readonly [PartName, perSecondMax: number | null])[] = [
  ['kept', null],
  ['commit', BENCH_COMMITS_PER_SECOND],
  ['handoff', BENCH_HANDOFFS_PER_SECOND],
]

export function defineBench(command: Command, terminal: Terminal): void {
  withStackOptions(command)
    .option('--stack', 'yes, load the stack of the configuration; there is no other bench')
    .option(
      '--seconds <number>',
      `how long it measures, from ${BENCH_SECONDS_MIN} to ${BENCH_SECONDS_MAX}: a third for each part`,
      wholeNumber(BENCH_SECONDS_MIN, BENCH_SECONDS_MAX),
      BENCH_SECONDS_DEFAULT,
    )
    .option(
      '--sessions <number>',
      `sessions of its own, at most ${BENCH_SESSIONS_MAX}, and one for each process at least`,
      wholeNumber(1, BENCH_SESSIONS_MAX),
      BENCH_SESSIONS_DEFAULT,
    )
    .option(
      '--processes <number>',
      `processes of this machine, from ${BENCH_PROCESSES_MIN} to ${BENCH_PROCESSES_MAX}`,
      wholeNumber(BENCH_PROCESSES_MIN, BENCH_PROCESSES_MAX),
      BENCH_PROCESSES_DEFAULT,
    )
    .option('--namespace <name>', 'the namespace of its sessions', 'holdfast-bench')
    .option('--prices <file>', "other prices, as 'holdfast cost --print-prices' prints them")
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      `\nProcesses of this machine, each with a client, make sessions of their own and measure, one after the other: accesses
to kept sessions; commits (durability: 'access'), at most ${BENCH_COMMITS_PER_SECOND} a second; handoffs from process to process, at most ${BENCH_HANDOFFS_PER_SECOND}
a second. In the end, and after Ctrl-C, the sessions are destroyed. It says before what it will do, with the most
requests that it makes, and asks. Applications share the stack's throttles with it meanwhile. Rights: those of an
application (grants.connect). Exit codes: 0; 1 where operations failed, or sessions are left; 2; 4.
${examples(
  'holdfast bench --stack',
  'holdfast bench --stack --profile prod --config config.json --seconds 60 --processes 4',
  "holdfast bench --stack --yes --json | jq '.parts[] | [.name, .perSecond, .p50Ms]'",
)}`,
    )
    .action((options: BenchOptions) => bench(options, terminal))
}

async function bench(options: BenchOptions, terminal: Terminal): Promise<void> {
  if (options.stack !== true) throw usage('bench loads a whole stack, so that has to be said', 'Give --stack.')
  const { namespace } = options
  if (!NAMESPACE_PATTERN.test(namespace))
    throw usage(`'${namespace}' is no namespace`, 'Give 1 to 64 of A-Z a-z 0-9 _ . -')
  if (options.sessions < options.processes) {
    throw usage(`${options.processes} processes need as many sessions`, 'Give more --sessions, or fewer --processes.')
  }
  const list = readPrices(options.prices)
  const target = openTarget(options, terminal)
  try {
    // Wrong credentials are told before anything begins.
    await target.clientCredentials?.()
    await terminal.agree(planOf(options, target, list), 'Load it?', options.yes)
    await run(options, target, list, terminal)
  } finally {
    target.close()
  }
}

async function run(options: BenchOptions, target: Target, list: PriceList, terminal: Terminal): Promise<void> {
  const { ended } = terminal
  const startMs = performance.now()
  const load = new Load(target, options, ended)
  const parts: Part[] = []
  let left: readonly SessionKey[] = []
  let isInterrupted = false
  try {
    await load.start()
    for (const [name, perSecondMax] of PARTS) {
      if (ended.aborted) break
      terminal.progress(`measuring: ${name}`)
      parts.push(partOf(name, await load.part(name, (options.seconds * 1_000) / PARTS.length), perSecondMax))
    }
    isInterrupted = ended.aborted
  } finally {
    terminal.progress(`destroying ${plural(options.sessions, 'session')}`)
    left = await load.stop()
    if (left.length > 0) terminal.note(`holdfast: ${leftText(left)}`)
  }
  const cost = spent(options, parts, (performance.now() - startMs) / 1_000, list.prices)
  if (left.length > 0 || failuresOf(parts) > 0) terminal.exitCode = EXIT.failed
  if (options.json !== true) return terminal.print(textOf(parts, cost, list, isInterrupted, terminal))
  const { url, region, sessionsTable } = target.config
  const { processes, sessions } = options
  const prices = { region: list.region, date: list.date }
  terminal.print(
    JSON.stringify({
      stack: { url, region, sessionsTable },
      isInterrupted,
      processes,
      sessions,
      parts,
      cost: { prices, ...cost },
      left,
    }),
  )
}

/** What will be done to which stack, and how much of it at most. */
function planOf(options: LoadOptions, { config }: Target, { prices, region, date }: PriceList): string {
  const { sessions, processes, seconds, namespace } = options
  const most = atMost(options, prices)
  return `${processes} processes of this machine load the stack ${config.url} (${config.region}, table ${config.sessionsTable}) for ${seconds} s, with ${plural(sessions, 'session')} of their own in the namespace ${namespace}, which are destroyed afterwards.
At most ${BENCH_COMMITS_PER_SECOND} commits and ${BENCH_HANDOFFS_PER_SECOND} handoffs a second, and at most ${countsText(most)}: ${grouped(requestsOf(most))} requests, about $${(Math.ceil(most.dollars * 100) / 100).toFixed(2)} by the prices of ${region} on ${date}. What is refused and tried again comes on top.`
}

function textOf(
  parts: readonly Part[],
  cost: Cost,
  list: PriceList,
  isInterrupted: boolean,
  { paint }: Terminal,
): string {
  const rows = parts.map(({ name, operations, perSecond, perSecondMax, p50Ms, p99Ms, errors }) => [
    name,
    grouped(operations),
    `${grouped(perSecond)}${isAtMost(perSecond, perSecondMax) ? ' (at most)' : ''}`,
    ms(p50Ms),
    ms(p99Ms),
    Object.entries(errors)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ') || 'none',
  ])
  const figures = table(['part', 'operations', 'a second', 'p50', 'p99', 'errors'], rows, paint)
  const bill = `It cost about ${countsText(cost)}: $${cost.dollars.toFixed(4)}, estimated by the prices of ${list.region} on ${list.date}.`
  const early = isInterrupted ? ['It was ended early.'] : []
  const few = parts.some(({ p99Ms }) => p99Ms === null) ? [`p99 needs ${grouped(P99_TIMES_MIN)} operations.`] : []
  return [figures, [...early, ...few, bill].join('\n')].join('\n\n')
}

/** The bound was reached: the stack may be able to do more. */
const isAtMost = (perSecond: number, most: number | null): boolean => most !== null && perSecond > most * 0.9

const countsText = ({ writes, reads, messages, pushes }: Cost): string =>
  `${grouped(writes)} writes, ${grouped(reads)} reads, ${grouped(messages)} messages and ${grouped(pushes)} pushes`

const leftText = (left: readonly SessionKey[]): string =>
  `${plural(left.length, 'session')} could not be destroyed: ${left.slice(0, BENCH_LEFT_NAMED).map(shortKey).join(', ')}${left.length > BENCH_LEFT_NAMED ? ', …' : ''}. Each ends ${duration(BENCH_TTL_MS)} after its last use.`

const grouped = (count: number): string => Math.round(count).toLocaleString('en-US')
const ms = (value: number | null): string => (value === null ? '-' : `${value} ms`)
