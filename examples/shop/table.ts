import type { LoadResult, Served } from './driver.js'

/** One side of the comparison. */
export interface Side {
  readonly name: string
  readonly load: LoadResult
  readonly dynamoDbRequests: number
  readonly handoffs: number | undefined
}

const share = (part: number, whole: number): string => (whole === 0 ? '-' : `${((100 * part) / whole).toFixed(1)} %`)

/** The p-th percentile, by the nearest rank. */
function percentile(served: readonly Served[], p: number): string {
  const sorted = served.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b)
  const value = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]
  return value === undefined ? '-' : value.toFixed(1)
}

const latency = (served: readonly Served[]): string => `${percentile(served, 50)} / ${percentile(served, 99)} ms`

/** A kept session needs no network call to be read: neither the lock nor the state has to come from anywhere. */
export const isFree = (access: Served): boolean => access.session === 'kept' && access.isRead

export const stickyReads = (load: LoadResult): readonly Served[] =>
  load.served.filter(({ isSticky, isRead }) => isSticky && isRead)

type Row = readonly [label: string, cell: (side: Side) => string]

const ROWS: readonly Row[] = [
  ['requests', ({ load }) => String(load.served.length + load.failed)],
  ['requests per second', ({ load }) => ((load.served.length + load.failed) / load.seconds).toFixed(0)],
  ['failed', ({ load }) => String(load.failed)],
  [
    'served without any network call',
    ({ load, handoffs }) =>
      handoffs === undefined ? share(0, 1) : share(load.served.filter(isFree).length, load.served.length),
  ],
  [
    'the same, reads of users who stay on one server',
    ({ load, handoffs }) => {
      const reads = stickyReads(load)
      return handoffs === undefined ? share(0, 1) : share(reads.filter(isFree).length, reads.length)
    },
  ],
  ['handoffs', ({ handoffs }) => (handoffs === undefined ? '-' : String(handoffs))],
  [
    'DynamoDB requests per access',
    ({ dynamoDbRequests, load }) => (dynamoDbRequests / Math.max(1, load.served.length)).toFixed(2),
  ],
  ['latency p50 / p99, all', ({ load }) => latency(load.served)],
  ['latency p50 / p99, session kept', ({ load }) => latency(load.served.filter(({ session }) => session === 'kept'))],
  [
    'latency p50 / p99, session handed over',
    ({ load }) => latency(load.served.filter(({ session }) => session === 'handed over')),
  ],
  ['updates of unknown outcome', ({ load }) => `at most ${load.unknown}`],
  ['lost updates', ({ load }) => String(load.lostUpdates)],
]

/** The figures of both sides, one below the other. */
export function table(sides: readonly Side[]): string {
  const lines = [['', ...sides.map(({ name }) => name)], ...ROWS.map(([label, cell]) => [label, ...sides.map(cell)])]
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  const rows = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('   '),
  )
  const rule = '-'.repeat(rows[0]?.length ?? 0)
  return [rows[0], rule, ...rows.slice(1)].join('\n')
}
