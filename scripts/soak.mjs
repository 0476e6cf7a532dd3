// Uses ever more ids through real clients in the virtual world, and judges what is left after each quarter of them: see
// docs/internals/testing.md.
//   npm run soak -- --ids 1000000
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { bundleChanged } from './bundle-changed.mjs'

/** From so many ids on the heap is judged: below, what the engine itself keeps of its work is more. */
const HEAP_FROM_IDS = 50_000
/** Growth of the heap from the second quarter to the last. */
const HEAP_GROWTH_MAX = 0.02
/** Elements by which two quarters may differ: what is under way is not the same at each moment. */
const ELEMENTS_MAX = 20
/** Bounded memories are full long before the first quarter has ended. */
const SMALLER = [
  ['client/limits.ts', 'HANDED_OVER_MAX = 10_000', 'HANDED_OVER_MAX = 50'],
  ['client/limits.ts', 'RELEASED_AGAIN_MAX = 1_000', 'RELEASED_AGAIN_MAX = 50'],
  ['functions/limits.ts', 'REMEMBERED_CONNECTIONS_MAX = 10_000', 'REMEMBERED_CONNECTIONS_MAX = 4'],
  ['functions/limits.ts', 'REMEMBERED_PROCESSES_MAX = 10_000', 'REMEMBERED_PROCESSES_MAX = 4'],
  ['functions/limits.ts', 'COUNTED_SENDERS_MAX = 10_000', 'COUNTED_SENDERS_MAX = 4'],
].map(([file, from, to]) => ({ name: to, file, from, to }))

const { values } = parseArgs({ options: { ids: { type: 'string', default: '4000' } } })
const ids = Number(values.ids)
if (!Number.isSafeInteger(ids) || ids < 400) {
  console.error(`--ids must be a whole number of at least 400, received '${values.ids}'`)
  process.exit(2)
}

const directory = await mkdtemp(join(tmpdir(), 'holdfast-soak-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const program = await bundleChanged('test/soak/main.ts', join(directory, 'main.mjs'), SMALLER)
const startedAt = performance.now()
const child = spawn(process.execPath, ['--expose-gc', program, String(ids)], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const quarters = []
for await (const line of createInterface({ input: child.stdout })) {
  const quarter = JSON.parse(line)
  quarters.push(quarter)
  const { census, heapBytes, remembered, timers } = quarter
  console.log(
    `${quarter.ids} ids: ${(heapBytes / 2 ** 20).toFixed(2)} MiB, ${census.elements} elements in ${census.containers} ` +
      `containers, ${remembered} in the functions, ${timers} timers`,
  )
}
const code = child.exitCode ?? (await new Promise((done) => child.once('exit', done)))
const problems = code === 0 && quarters.length === 4 ? problemsOf(quarters) : [`the program died: ${code}`]
for (const problem of problems) console.log(problem)
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
console.log(`${ids} ids: ${problems.length} problems, ${seconds} s`)
process.exitCode = problems.length > 0 ? 1 : 0

function problemsOf([, second, , last]) {
  const found = quarters.flatMap(({ ids: after, left }) => left.map((one) => `after ${after} ids: ${one}`))
  const growths = {
    'elements of containers': last.census.elements - second.census.elements,
    containers: last.census.containers - second.census.containers,
    timers: last.timers - second.timers,
    'entries in the functions': last.remembered - second.remembered,
  }
  for (const [what, more] of Object.entries(growths)) {
    if (more > ELEMENTS_MAX) found.push(`${more} more ${what} after the last quarter than after the second`)
  }
  if (found.length > 0) found.push(...last.census.largest.map((one) => `one of the largest: ${one}`))
  const growth = last.heapBytes / second.heapBytes - 1
  if (ids >= HEAP_FROM_IDS && growth > HEAP_GROWTH_MAX)
    found.push(`the heap has grown by ${(100 * growth).toFixed(1)} %`)
  return found
}
