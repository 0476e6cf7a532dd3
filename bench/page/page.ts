import type { Part } from '../frame/part.js'
import type { PartRun, Results } from '../frame/results.js'
import { comparedTable, figuresTable, markdownTable, measuredTable } from '../frame/tables.js'

const HEAD = `# Performance

This page is made by \`npm run bench -- --publish\` from \`docs/internals/performance/results.json\`: nothing of it is written by
hand. In every comparison the sides take turns, each in operating-system processes of its own, on the same DynamoDB
Local and the same redis-server. A figure is the median over rounds, with the first and third quartile. A ratio is
taken round by round; where the quartiles of two sides overlap, the table says "no difference".

DynamoDB Local answers faster than DynamoDB, and a local gateway faster than API Gateway. Tables that say "modelled"
were made with answers as slow as on AWS (\`--latency aws\`).`

/** The name of the plot of a run's series, without its ending. */
export function fileOf(run: PartRun, index: number): string {
  return [run.part, `node${run.node.split('.')[0]}`, ...(run.isModelled ? ['modelled'] : []), index + 1].join('-')
}

/** The whole page. */
export function pageOf({ runs }: Results, parts: readonly Part[]): string {
  const sections = parts.flatMap((part) => {
    const own = runs.filter((run) => run.part === part.name)
    return own.length === 0 ? [] : [`## ${part.title}\n\n${part.explanation}`, ...own.map(runSection)]
  })
  return `${[HEAD, goalsSection(runs), cautionsSection(runs), ...sections].filter((text) => text !== '').join('\n\n')}\n`
}

function goalsSection(runs: readonly PartRun[]): string {
  const rows = runs.flatMap((run) =>
    run.goals.map(({ goal, figure, isMet }) => [goal, figure, isMet ? 'met' : '**not met**', labelOf(run)]),
  )
  return rows.length === 0 ? '' : `## Goals\n\n${markdownTable([['goal', 'figure', '', 'measured by'], ...rows])}`
}

function cautionsSection(runs: readonly PartRun[]): string {
  const points = runs.flatMap((run) =>
    run.cautions.map(({ when, figure }) => `- **${when}** ${figure} (${labelOf(run)})`),
  )
  return points.length === 0 ? '' : `## Where Holdfast is the wrong choice\n\n${points.join('\n')}`
}

function runSection(run: PartRun): string {
  const { machine, command, series, figures } = run
  const where = `\`${command}\` · ${machine.date} · ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB · load average before ${machine.loadBefore.toFixed(2)}`
  const tables = series.flatMap((one, index) => [
    `#### ${one.title}`,
    `![${one.title}](performance/${fileOf(run, index)}.svg)`,
    markdownTable(measuredTable(one)),
    ...(one.compared.length === 0 ? [] : [markdownTable(comparedTable(one))]),
  ])
  const others = figures.flatMap((one) => [`#### ${one.title}`, markdownTable(figuresTable(one))])
  return [`### ${labelOf(run)}`, where, ...tables, ...others].join('\n\n')
}

const labelOf = ({ part, node, isModelled }: PartRun): string =>
  `${part}, Node.js ${node}${isModelled ? ', modelled' : ''}`
