import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const run = promisify(execFile)
const IDS = 2_000

it('leaves as much after many ids as after half of them', async () => {
  const script = join(packageRoot, 'scripts/soak.mjs')
  const { stdout } = await run(process.execPath, [script, '--ids', `${IDS}`], { timeout: 110_000 })
  expect(stdout).toMatch(new RegExp(`^${IDS} ids: 0 problems`, 'm'))
}, 120_000)
