import { table } from '../figures.js'
import type { PartRun } from './results.js'
import { comparedTable, figuresTable, measuredTable } from './tables.js'

/** A part's results for people. */
export function printed({ part, node, isModelled, series, figures, goals, cautions }: PartRun): string {
  const title = `${part}, Node.js ${node}${isModelled ? ', modelled' : ''}`
  const texts = [
    ...series.flatMap((one) => [
      `${one.title}\n\n${table(measuredTable(one))}`,
      ...(one.compared.length === 0 ? [] : [table(comparedTable(one))]),
    ]),
    ...figures.map((one) => `${one.title}\n\n${table(figuresTable(one))}`),
    ...(goals.length === 0
      ? []
      : [
          table([
            ['goal', 'figure', ''],
            ...goals.map(({ goal, figure, isMet }) => [goal, figure, isMet ? 'met' : 'not met']),
          ]),
        ]),
    ...cautions.map(({ when, figure }) => `the wrong choice: ${when}: ${figure}`),
  ]
  return [`\n=== ${title} ===`, ...texts].join('\n\n')
}
