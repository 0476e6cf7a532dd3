import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

/** In place of the simulator: seed 3 loops for ever in one turn, and seed 5 from turn to turn. */
const PROGRAM = `
const [, first, count] = process.argv.slice(2).map(Number)
for (let seed = first; seed < first + count; seed += 1) {
  console.log(JSON.stringify({ begins: seed }))
  while (seed === 3);
  while (seed === 5) await new Promise((resolve) => setImmediate(resolve))
}
console.log(JSON.stringify({ upTo: first + count - 1 }))
`

it('a seed that loops for ever is named, and the seeds behind it are run', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-watchdog-'))
  try {
    const program = join(folder, 'program.mjs')
    await writeFile(program, PROGRAM)
    const runner = pathToFileURL(join(packageRoot, 'scripts/simulation/program.mjs')).href
    const script = `
      import { run } from ${JSON.stringify(runner)}
      console.log(JSON.stringify(await run(${JSON.stringify(program)}, { seedMsMax: 400 }, 'seeds', 1, 6)))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
    const problem = "it does not end: ended after 400 ms of the processor's time"
    expect(JSON.parse(stdout)).toEqual([
      expect.objectContaining({ seed: 3, violations: [problem] }),
      expect.objectContaining({ seed: 5, violations: [problem] }),
      { upTo: 6 },
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 60_000)
