import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as cli from '../../cli/limits.js'
import * as adapters from '../../client/adapters/limits.js'
import * as client from '../../client/limits.js'
import { FUNCTION_GB, PRICES } from '../../inspector/costs/prices.js'
import { IDLE_TIMEOUT_MS, CONNECTION_LIFETIME_MS as LIFETIME_MS } from '../../local/gateway/aws-limits.js'
import {
  ACCOUNT_RATE,
  CONCURRENCY,
  CONNECTION_RATE,
  TABLE_READ_RATE,
  TABLE_WRITE_RATE,
} from '../../local/gateway/aws-quotas.js'
import { packageRoot } from '../../local/package-root.cjs'
import * as protocol from '../../protocol/limits.js'
import { leaseMsFor, renewalsPerSecond } from '../../protocol/size.js'
import { answerTimeoutMinMs, compileTiming, deadHolderMs, holdCostMaxMs } from '../../protocol/timing.js'

/** Facts of the documents that follow from the code: here each is made of the constants, and must be in its document. */

const read = (file: string): string => readFileSync(join(packageRoot, file), 'utf8')
const PROTOCOL = 'docs/internals/protocol.md'
const SESSIONS = 'docs/guide/sessions.md'

const grouped = (value: number): string => value.toLocaleString('en-US')
const kib = (bytes: number): string => `${bytes / 1_024} KiB`
const UNITS = [
  [86_400_000, 'day'],
  [60_000, 'min'],
  [1_000, 's'],
] as const

/** As the documents write times: in the largest unit that makes a whole number of it. */
function time(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => ms % each === 0) ?? [1, 'ms']
  const count = ms / size
  return `${grouped(count)} ${unit}${unit === 'day' && count !== 1 ? 's' : ''}`
}

const aboutDeadHolder = (processes: number): number =>
  Math.round(deadHolderMs(compileTiming({ leaseMs: leaseMsFor(processes) })) / 1_000)

const FACTS: Readonly<Record<string, readonly string[]>> = {
  [SESSIONS]: [
    `(\`ttlMs\`) | ${time(client.TTL_DEFAULT_MS)}; ${time(client.TTL_MIN_MS)} to ${time(client.TTL_MAX_MS)} |`,
    `(\`touchShare\`) | ${client.TOUCH_SHARE_DEFAULT} |`,
    `(\`timeoutMs\`; ${time(adapters.REQUEST_TIMEOUT_DEFAULT_MS)} for requests through an adapter) | ${time(client.WAIT_TIMEOUT_DEFAULT_MS)}; up to ${time(client.OPTION_MS_MAX)} |`,
    `out of reach for ${time(client.OUT_OF_REACH_AFTER_MS)} | about ${time(client.OUT_OF_REACH_WAIT_MS)}, at most ${time(client.OUT_OF_REACH_WAIT_MAX_MS)} |`,
    `(\`idleReleaseMs\`) | ${time(client.IDLE_RELEASE_DEFAULT_MS)}; up to ${time(client.OPTION_MS_MAX)} |`,
    `(\`heldSessionsMax\`) | ${grouped(client.HELD_SESSIONS_DEFAULT)}; up to ${grouped(client.HELD_SESSIONS_MAX)} |`,
    `(\`cachedBytesMax\`) | ${client.CACHED_BYTES_DEFAULT / 1_024 ** 2} MiB`,
    `\`flushMs\` | \`access\`; ${time(client.FLUSH_DEFAULT_MS)}, up to ${client.FLUSH_MAX_MS / 1_000} s |`,
    `with all its tries | ${time(client.HTTPS_TIMEOUT_MS)}; ${client.HTTPS_TRIES_MAX} tries |`,
    `sleeps after | ${client.SLEEP_AFTER_LEASES} leases (${time(client.SLEEP_AFTER_LEASES * compileTiming().leaseMs)}) and up to ${time(client.STAND_BY_SPREAD_MS)};`,
    `about ${time(compileTiming().maxBusyMs)} (\`maxBusyMs\``,
    `(\`requestsMax\`) | ${client.REQUESTS_DEFAULT}; up to ${grouped(client.REQUESTS_MAX)};`,
    `whole answer | ${time(client.STATE_REQUEST_TIMEOUT_MS)}; a claim or a \`peek\` with all its tries ${time(client.READ_TIMEOUT_MS)}, and ${time(client.READ_SILENT_TIMEOUT_MS)} after`,
    `\`credentials\` function | ${time(client.CREDENTIALS_TIMEOUT_MS)} |`,
    `\`attributeBytesMax\`) | ${kib(protocol.SESSION_BYTES_MAX)},`,
    `one lock request | ${grouped(client.LOCK_ATTRIBUTES_MAX)} |`,
    `name of an attribute | ${client.ATTRIBUTE_NAME_BYTES_MAX} bytes |`,
    `session id | 1 to ${grouped(protocol.SESSION_ID_BYTES_MAX)} bytes |`,
    `1 to ${protocol.NAMESPACE_CHARS_MAX} of \`A-Z a-z 0-9 _ . -\`; up to ${protocol.LABEL_CHARS_MAX} printable`,
    `\`accessMany\` | ${client.ACCESS_MANY_MAX} |`,
    `any number: ${protocol.WAITERS_MAX} in a queue`,
    `none; ${client.ID_KEY_BYTES_MIN} to ${grouped(client.ID_KEY_BYTES_MAX)} bytes |`,
    `wait for one session | ${grouped(client.LOCAL_WAITERS_MAX)} |`,
    `in place of the client's | ${time(adapters.REQUEST_TIMEOUT_DEFAULT_MS)} |`,
    `holds its session for longer loses it | ${time(adapters.MAX_HOLD_DEFAULT_MS)};`,
    `the client has gone away | ${time(adapters.GRACE_DEFAULT_MS)} |`,
    `one more gets 503 | ${adapters.WAITING_DEFAULT}; up to ${grouped(adapters.WAITING_MAX)} |`,
    `\`timeoutMs\` (${time(adapters.REQUEST_TIMEOUT_DEFAULT_MS)}, up to ${time(adapters.INVOCATION_MAX_MS)}) and \`marginMs\` (${time(adapters.INVOCATION_MARGIN_DEFAULT_MS)}, ${time(adapters.INVOCATION_MARGIN_MIN_MS)} to ${time(adapters.INVOCATION_MARGIN_MAX_MS)})`,
    `fails after ${client.STATE_TRIES_MAX} tries`,
    `waits ${time(client.DRAIN_DEFAULT_MS)} for accesses to end`,
  ],
  [PROTOCOL]: [
    `a message has at most ${kib(protocol.MESSAGE_BYTES_MAX)}`,
    `A queue has ${protocol.WAITERS_MAX} places. A new request may use ${protocol.FRESH_WAITERS_MAX} of them.`,
    `other ${protocol.WAITERS_MAX - protocol.FRESH_WAITERS_MAX} places, and one more with each doubling of the time since, from ${time(protocol.WAITED_FIRST_MS)} on`,
    `The record has room for ${protocol.ASKS_MAX} asks`,
    `${client.KEEPS_AT_ONCE} each ${time(client.KEEPS_PERIOD_MS)}`,
    `until ${time(client.COHORT_MS)} after the revoke`,
    `goes on after its claim for the time of ${client.HANDOFFS_PER_MINIMUM_HOLD} handoffs`,
    `The least of the last ${client.HANDOFFS_REMEMBERED} of each counts`,
    `- ${time(client.MINIMUM_HOLD_MAX_MS)} at most, and half of \`busyAfterMs\``,
    `- ${time(client.MINIMUM_HOLDS_AHEAD_MAX_MS)} at most, divided`,
    `| messages of one process | ${grouped(protocol.MESSAGES_BURST_MAX)} at once, then ${grouped(protocol.MESSAGES_PER_SECOND_MAX)} a second`,
    `| ${protocol.RARE_MESSAGES_BURST_MAX} at once, then ${protocol.RARE_MESSAGES_PER_SECOND_MAX} a second |`,
    `| connections that speak for one process | ${protocol.CONNECTIONS_PER_PROCESS_MAX}:`,
    `asks noted for one process | ${protocol.ASKS_MAX} |`,
    `| **T, what one hold costs those behind it** | 3(N + H) + A + max(L, B) + Ms + 2δ | ${grouped(holdCostMaxMs(compileTiming()))} ms |`,
    `| above ${grouped(answerTimeoutMinMs(compileTiming()))} ms |`,
    `less than ${client.EXPIRED_IN_USE_MS / 60_000} minutes ago (\`EXPIRED_IN_USE_MS\`)`,
    `A try that is not welcomed within ${time(client.WELCOME_TIMEOUT_MS)} has failed`,
    `up to ${client.HTTPS_TRIES_MAX} times within ${time(client.HTTPS_TIMEOUT_MS)}`,
    `a connection's record once in ${protocol.CONNECTION_REMEMBERED_MS / 60_000} minutes`,
    ...[2_000, 10_000].map((processes) => {
      const timing = compileTiming({ leaseMs: leaseMsFor(processes) })
      const renewals = Math.ceil(renewalsPerSecond({ processes, leaseMs: timing.leaseMs }))
      const [answer, cost] = [answerTimeoutMinMs(timing) / 1_000, Math.round(holdCostMaxMs(timing) / 1_000)]
      return `| up to ${grouped(processes)} | ${time(timing.leaseMs)} | ${grouped(renewals)} | ${answer} s | ${cost} s |`
    }),
  ],
  'docs/guide/cli.md': [
    `Ports (${cli.GATEWAY_PORT} to ${cli.HTTPS_PORT})`,
    `(${grouped(cli.TOP_INTERVAL_MS)} ms), \`--count\``,
    `every \`--interval\` (${cli.WATCH_INTERVAL_MS} ms)`,
    `scans Locks, ${grouped(cli.INSPECT_RECORDS_MAX)} records at most, and reads the records of up to ${cli.INSPECT_STATES_MAX} held sessions`,
    `the pause between two looks: ${time(cli.INSPECT_INTERVAL_MS)}, at least ${cli.INSPECT_INTERVAL_MIN_MS} ms |`,
    `read units in a second, at most: ${cli.INSPECT_READ_UNITS} |`,
    `requests are made: ${cli.DEMO_SECONDS_DEFAULT}, from ${cli.DEMO_SECONDS_MIN} to ${cli.DEMO_SECONDS_MAX}.`,
    `| \`--seconds <number>\` | ${cli.BENCH_SECONDS_DEFAULT} | how long it measures: from ${cli.BENCH_SECONDS_MIN} to ${cli.BENCH_SECONDS_MAX} |`,
    `| \`--sessions <number>\` | ${cli.BENCH_SESSIONS_DEFAULT} | its sessions: up to ${cli.BENCH_SESSIONS_MAX},`,
    `| \`--processes <number>\` | ${cli.BENCH_PROCESSES_DEFAULT} | its processes: from ${cli.BENCH_PROCESSES_MIN} to ${cli.BENCH_PROCESSES_MAX} |`,
    `| ${grouped(cli.BENCH_COMMITS_PER_SECOND)} a second, a quarter`,
    `| ${cli.BENCH_HANDOFFS_PER_SECOND} a second: a fifth`,
    `a warning from ${time(cli.CLOCK_OFF_WARN_MS)}, a fault from ${cli.CLOCK_OFF_FAULT_MS / 1_000} s`,
    `\`--timeout\` (${grouped(cli.RELEASE_TIMEOUT_MS)} ms)`,
    `\`--timeout\` (${grouped(cli.DESTROY_TIMEOUT_MS)} ms)`,
    `There is a p99 from ${grouped(cli.P99_TIMES_MIN)} operations on`,
  ],
  'docs/OPERATIONS.md': [
    `(messages, connections, pushes) | ${grouped(ACCOUNT_RATE.perSecond)} a second, ${grouped(ACCOUNT_RATE.burst)} at once;`,
    `an account and region | ${CONNECTION_RATE.perSecond} a second |`,
    `| a connection | ${LIFETIME_MS / 3_600_000} hours, ${IDLE_TIMEOUT_MS / 60_000} minutes idle |`,
    `Lambda instances of an account | ${grouped(CONCURRENCY)};`,
    `at first | ${grouped(TABLE_WRITE_RATE.perSecond)} writes and ${grouped(TABLE_READ_RATE.perSecond)} reads a second |`,
  ],
  'docs/guide/deploying.md': [
    `by default ${grouped(protocol.PROCESSES_DEFAULT)}. Up to 2,000 the lease is ${time(leaseMsFor(2_000))}, up to 10,000 it is ${time(leaseMsFor(10_000))}, beyond that ${leaseMsFor(10_001) / 1_000} s`,
    `a server that was killed (${[2_000, 10_000].map((processes) => aboutDeadHolder(processes)).join(', ')} and ${aboutDeadHolder(10_001)} s)`,
    `times ${protocol.RENEWAL_HEADROOM}, need more`,
  ],
  'docs/guide/express.md': [`409 for ${time(adapters.REPLACED_FOR_MS)}`, `| ${kib(protocol.SESSION_BYTES_MAX)} |`],
  'README.md': [`at most ${adapters.WAITING_DEFAULT} requests of a process wait for one session`],
}

/** Of a document, with each line break as a space. */
const flat = (file: string): string => read(file).replaceAll(/\s+/g, ' ')

test.each(Object.entries(FACTS))('%s has the bounds and times of the code', (file, facts) => {
  const text = flat(file)
  expect(facts.filter((fact) => !text.includes(fact))).toEqual([])
})

test('the guide has the bounds of the bundled client and adapters', () => {
  const source = read('scripts/package/bundle-sizes.mjs')
  const text = /\| size in an application [^|]*at most \| (.*?) \|/.exec(flat(SESSIONS))?.[1] ?? ''
  const bounds = [...source.matchAll(/bytesMax: ([\d_]+)|'?([a-z-]+)'?: (\d+_000)\b/g)]
  const kilobytes = bounds.map(([, one, , other]) => Number((one ?? other ?? '').replaceAll('_', '')) / 1_000)
  const told = [...text.matchAll(/(\d+) KB/g)].map(([, size]) => Number(size))
  expect(told.length).toBe(8)
  expect(told.filter((size) => !kilobytes.includes(size))).toEqual([])
})

test('the timings that documents and comments show are safe', () => {
  const files = ['docs/guide/testing.md', 'docs/guide/cli.md', PROTOCOL, 'local/options.ts', 'local/memory/options.ts']
  const shown = [...files, 'cli/commands/dev.ts'].flatMap((file) =>
    [...read(file).matchAll(/leaseMs"?[:=]\s?([\d_]+)(?:,nudgeAfterMs=(\d+))?/g)].map(([, lease = '', nudge]) => ({
      leaseMs: Number(lease.replaceAll('_', '')),
      ...(nudge === undefined ? {} : { nudgeAfterMs: Number(nudge) }),
    })),
  )
  expect(shown.length).toBeGreaterThan(5)
  for (const timing of shown) expect(compileTiming(timing)).toMatchObject(timing)
})

test('what the documents say that each step costs follows from the prices', () => {
  const { writeUnit, readUnit, webSocketMessage, connectionMinute, functionCall, gigabyteSecond } = PRICES
  const ran = (ms: number) => functionCall.dollars + (ms / 1_000) * FUNCTION_GB * gigabyteSecond.dollars
  const step = (writes: number, reads: number, messages: number, calls: number): number =>
    1e6 *
    (writes * writeUnit.dollars + reads * readUnit.dollars + messages * webSocketMessage.dollars + calls * ran(30))
  const dollars = (amount: number): string => `$${amount.toFixed(2)}`
  const renewals = (30 * 24 * 3_600_000 * protocol.RENEWALS_PER_LEASE) / compileTiming().leaseMs
  const renewal = writeUnit.dollars + 2 * webSocketMessage.dollars + ran(10)
  const server = renewals * renewal + 30 * 24 * 60 * connectionMinute.dollars
  const [handoff, visit, https] = [step(3, 2, 6, 2), step(3, 1, 4, 2), step(4, 0, 0, 2)].map(dollars)
  expect(flat('docs/guide/costs.md')).toContain(`**${dollars(step(3, 0, 6, 2))} to ${handoff}**`)
  expect(flat('docs/guide/costs.md')).toContain(`| **${visit}** |`)
  expect(flat('docs/guide/costs.md')).toContain(`| **${https}** |`)
  expect(flat('docs/guide/costs.md')).toContain(`**${dollars(step(1, 0, 0, 0))}**`)
  expect(flat('docs/guide/costs.md')).toContain(`**${dollars(step(1, 1, 0, 0))}** |`)
  expect(flat('docs/guide/costs.md')).toContain(`${dollars(server)} in 30 days: ${grouped(renewals)} renewals`)
  const lambda = flat('docs/guide/lambda.md')
  expect(lambda).toContain(`two of the session: ${https} a million`)
  expect(lambda).toContain(`a write and a read more: ${dollars(step(1, 1, 0, 1))} a million`)
  expect(lambda).toContain(`costs ${dollars(step(4, 0, 4, 2))}, and ${dollars(step(4, 2, 2, 3))} more after a thaw`)
  expect(flat('README.md')).toContain(`${handoff} a million`)
})

test('README tells how long a handoff takes as it was measured', () => {
  const [, handoffs = ''] = read('docs/internals/performance.md').split('\n## Handoffs between processes\n')
  const p50s = [...handoffs.matchAll(/#### One handoff at a time.*?\n\| Holdfast \| [^|]*\| ([\d.]+) \|/gs)]
  const [localMs, modelledMs] = p50s.map(([, p50]) => Number(p50))
  const readme = flat('README.md')
  const [, about, from, to] = /about (\d+) ms on the local stack; .*? by estimate (\d+) to (\d+) ms/.exec(readme) ?? []
  expect(Math.round(localMs ?? 0)).toBe(Number(about))
  expect(modelledMs).toBeGreaterThan(Number(from))
  expect(modelledMs).toBeLessThan(Number(to))
})
