import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { machine, nodePath, OLDEST_NODE, REFERENCE_NODE } from './frame/machine.js'
import type { Part } from './frame/part.js'
import { printed } from './frame/print.js'
import type { PartRun, Results } from './frame/results.js'
import { publish } from './page/publish.js'

const RESULTS = join('dist', 'bench')

interface BenchmarkOptions {
  readonly isQuick: boolean
  readonly isModelled: boolean
  readonly isPublished: boolean
  /** As the page names it. */
  readonly command: string
}

/** Runs these parts, prints and keeps their results, and returns the exit code. */
export async function benchmark(parts: readonly Part[], options: BenchmarkOptions): Promise<number> {
  const wrongCounts: string[] = []
  const runs: PartRun[] = []
  for (const part of parts) {
    if (options.isModelled && !part.canBeModelled) continue
    for (const version of versionsOf(part, options)) {
      const run = await runPart(part, version, options, wrongCounts)
      console.log(printed(run))
      runs.push(run)
      // What was measured stays, even if a later part is broken off.
      if (options.isPublished) await publish([run])
    }
  }
  await mkdir(RESULTS, { recursive: true })
  const results: Results = { runs }
  await writeFile(join(RESULTS, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`)
  for (const wrong of wrongCounts) console.error(wrong)
  console.log(`\nresults: ${join(RESULTS, 'results.json')}; wrong counts: ${wrongCounts.length}`)
  return wrongCounts.length === 0 ? 0 : 1
}

function versionsOf({ onOldestNode }: Part, { isQuick, isModelled }: BenchmarkOptions): readonly string[] {
  if (isQuick) return [process.versions.node]
  return onOldestNode && !isModelled ? [REFERENCE_NODE, OLDEST_NODE] : [REFERENCE_NODE]
}

async function runPart(
  part: Part,
  version: string,
  { isQuick, isModelled, command }: BenchmarkOptions,
  wrongCounts: string[],
): Promise<PartRun> {
  const before = machine()
  const result = await part.run({
    isQuick,
    isModelled,
    node: await nodePath(version),
    say: (step) => console.error(`${part.name}: ${step}`),
    expectCount: (what, received, expected) => {
      const { from, to } = typeof expected === 'number' ? { from: expected, to: expected } : expected
      if (received >= from && received <= to) return
      const range = from === to ? `${from}` : `${from} to ${to}`
      wrongCounts.push(`${part.name}: ${what}: ${range} expected, ${received} counted`)
    },
  })
  return { part: part.name, node: version, isModelled, command, machine: before, ...result }
}
