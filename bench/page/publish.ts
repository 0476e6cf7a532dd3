import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartRun, Results } from '../frame/results.js'
import { PARTS } from '../parts.js'
import { fileOf, pageOf } from './page.js'
import { plotOf } from './plots.js'

const FOLDER = join('docs', 'internals', 'performance')
const RESULTS = join(FOLDER, 'results.json')
const PAGE = join('docs', 'internals', 'performance.md')

/** Keeps these runs in place of earlier ones of the same parts, and makes plots and page from all that are kept. */
export async function publish(fresh: readonly PartRun[]): Promise<void> {
  const kept = (await published()).runs.filter((old) => !fresh.some((run) => isSame(run, old)))
  const results: Results = { runs: [...kept, ...fresh] }
  await rm(FOLDER, { recursive: true, force: true })
  await mkdir(FOLDER, { recursive: true })
  await writeFile(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`)
  for (const run of results.runs) {
    for (const [index, series] of run.series.entries()) {
      await writeFile(join(FOLDER, `${fileOf(run, index)}.svg`), plotOf(series))
    }
  }
  await writeFile(PAGE, pageOf(results, PARTS))
}

const isSame = (a: PartRun, b: PartRun): boolean =>
  a.part === b.part && a.node === b.node && a.isModelled === b.isModelled

async function published(): Promise<Results> {
  const text = await readFile(RESULTS, 'utf8').catch(() => undefined)
  return text === undefined ? { runs: [] } : (JSON.parse(text) as Results)
}
