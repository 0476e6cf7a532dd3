import type { Paint } from '../terminal.js'

type Cell = string | number

/** Control characters of what others have written would command the terminal. */
const plain = (cell: Cell): string => String(cell).replaceAll(/\p{Cc}/gu, '·')

/** Rows in columns of equal width, under their names. Numbers stand at the right. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const texts = rows.map((row) => row.map(plain))
  const widths = columns.map((name, index) => Math.max(name.length, ...texts.map((row) => (row[index] ?? '').length)))
  const line = (cells: readonly string[], isNumber: (index: number) => boolean) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return isNumber(index) ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  const isNumber = (index: number) => rows.length > 0 && rows.every((row) => typeof row[index] === 'number')
  const head = line(columns, isNumber)
  return [paint('bold', head), ...texts.map((row) => line(row, isNumber))].join('\n')
}
