import { median, percentile, table } from '../../bench/figures.js'
import type { LoadResult, Served } from './load.js'
import type { Side } from './sides.js'

const NONE = '-'

const share = (part: number, whole: number): string => (whole === 0 ? NONE : `${((100 * part) / whole).toFixed(1)} %`)

function latency(served: readonly Served[]): string {
  if (served.length === 0) return NONE
  const latencies = served.map(({ latencyMs }) => latencyMs)
  return `${median(latencies).toFixed(1)} / ${percentile(latencies, 99).toFixed(1)} ms`
}

/** Served without any network call: the server waited for nothing. */
export const isFree = ({ answer }: Served): boolean => !answer.isWaited

export const stickyReads = (load: LoadResult): readonly Served[] =>
  load.served.filter(({ isSticky, isRead }) => isSticky && isRead)

const freeShare = (served: readonly Served[]): string => share(served.filter(isFree).length, served.length)

type Row = readonly [label: string, cell: (side: Side) => string]

const ROWS: readonly Row[] = [
  ['lost updates', ({ load }) => String(load.lost)],
  ['updates of unknown outcome', ({ load }) => (load.unknown === 0 ? '0' : `at most ${load.unknown}`)],
  ['requests', ({ load }) => String(load.served.length + load.failed)],
  ['requests per second', ({ load }) => ((load.served.length + load.failed) / load.seconds).toFixed(0)],
  ['failed', ({ load }) => String(load.failed)],
  ['served without any network call', ({ load }) => freeShare(load.served)],
  ['  reads of users who stay on one server', ({ load }) => freeShare(stickyReads(load))],
  ['handoffs', ({ handoffs }) => (handoffs === undefined ? NONE : String(handoffs))],
  [
    'DynamoDB requests per access',
    ({ dynamoDbRequests, load }) => (dynamoDbRequests / Math.max(1, load.served.length + load.failed)).toFixed(2),
  ],
  ['latency p50 / p99, all', ({ load }) => latency(load.served)],
  ['  users who stay on one server', ({ load }) => latency(load.served.filter(({ isSticky }) => isSticky))],
  ['  session kept', ({ load }) => latency(load.served.filter(({ answer }) => answer.session === 'kept'))],
  ['  session handed over', ({ load }) => latency(load.served.filter(({ answer }) => answer.session === 'given'))],
]

/** The table's legend. */
export const EXPLANATION = `The same visitors made the same requests to three servers of each kind. Two of three visitors stayed on one server,
the others changed servers from request to request.
  Holdfast: a request locks the attributes of the session that it uses.
  express-session, with connect-dynamodb: a request loads the session, and saves it at its end.
  document client: a request gets the session's item, changes it and puts it back, as most teams write it themselves.
A lost update is an item that a server acknowledged as added to a cart, and that was missing there in the end.
Only Holdfast's requests wait for their turn at a session that is in use elsewhere: that time is in its figures.`

/** The figures of all sides, one beside the other. */
export const comparison = (sides: readonly Side[]): string =>
  table([['', ...sides.map(({ name }) => name)], ...ROWS.map(([label, cell]) => [label, ...sides.map(cell)])])
