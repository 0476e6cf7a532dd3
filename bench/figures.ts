import { percentile } from '../cli/view/times.js'

/** How figures are summed up and shown: by the benchmarks, the demo and the torture run. */
export { percentile }

export const median = (values: readonly number[]): number => percentile(values, 50)

/** Columns under their headings, all but the first to the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0))
  const rows = lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(width(0)) : cell.padStart(width(column)))).join('   '),
  )
  return [rows[0], '-'.repeat(rows[0]?.length ?? 0), ...rows.slice(1)].join('\n')
}

/** Whole numbers with thousands apart, as in 100 000. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ')
