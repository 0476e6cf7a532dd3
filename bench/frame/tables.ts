import { grouped } from '../figures.js'
import type { Compared, Figures, Measured, Quartiles, Series } from './results.js'
import type { Setting } from './side.js'

/** A table of texts, its headings first. */
export type Cells = readonly (readonly string[])[]

const NONE = '–'

/** A whole number, or three significant digits. */
export function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return NONE
  if (Math.abs(value) >= 1_000) return grouped(value)
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)))
}

export const spread = ({ q1, median, q3 }: Quartiles): string => `${shown(median)} (${shown(q1)} to ${shown(q3)})`

/** The rows of the sides, with the columns that say something. */
export function measuredTable({ measured }: Series): Cells {
  const settings = varying(measured.map(({ setting }) => setting))
  const counts = [...new Set(measured.flatMap((row) => Object.keys(row.counts)))]
  const columns: readonly (readonly [heading: string, cell: (row: Measured) => string])[] = [
    ...settings.map((name) => [name, (row: Measured) => settingCell(row.setting[name])] as const),
    ['side', (row) => row.side],
    ['operations/s (quartiles)', (row) => spread(row.operationsPerSecond)],
    ['p50 ms', (row) => shown(row.p50Ms)],
    ['p99 ms', (row) => shown(row.p99Ms)],
    ['CPU ms each', (row) => shown(row.cpuMsPerOperation)],
    ['requests each', (row) => shown(row.requestsPerOperation)],
    ['write units each', (row) => shown(row.writeUnitsPerOperation)],
    ...counts.map((name) => [wordsOf(name), (row: Measured) => shown(row.counts[name])] as const),
  ]
  return cells(columns, measured)
}

export function comparedTable({ compared }: Series): Cells {
  const settings = varying(compared.map(({ setting }) => setting))
  const columns: readonly (readonly [heading: string, cell: (row: Compared) => string])[] = [
    ...settings.map((name) => [name, (row: Compared) => settingCell(row.setting[name])] as const),
    ['side', (row) => row.side],
    ['against', (row) => row.against],
    [
      'times as fast (quartiles)',
      (row) => (row.isNoDifference ? `no difference: ${spread(row.ratio)}` : spread(row.ratio)),
    ],
  ]
  return cells(columns, compared)
}

export const figuresTable = ({ columns, rows }: Figures): Cells => [
  columns,
  ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? shown(cell) : cell))),
]

/** As GitHub shows tables: the first column to the left, the others to the right. */
export function markdownTable(table: Cells): string {
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const [head = [], ...rows] = table
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** Columns in which every row says nothing are left out. */
function cells<R>(columns: readonly (readonly [string, (row: R) => string])[], rows: readonly R[]): Cells {
  const kept = columns.filter(([, cell]) => rows.some((row) => cell(row) !== NONE))
  return [kept.map(([heading]) => heading), ...rows.map((row) => kept.map(([, cell]) => cell(row)))]
}

/** The names of the settings that are not the same everywhere. */
export function varying(settings: readonly Setting[]): readonly string[] {
  const names = [...new Set(settings.flatMap((setting) => Object.keys(setting)))]
  return names.filter((name) => new Set(settings.map((setting) => setting[name])).size > 1)
}

const settingCell = (value: Setting[string] | undefined): string =>
  value === undefined ? NONE : typeof value === 'number' ? grouped(value) : String(value)

/** `lostUpdates` as `lost updates`. */
const wordsOf = (name: string): string => name.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)
