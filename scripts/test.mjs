// Runs Jest, with the arguments given, says at its end which tests failed, and in its last line how many passed and failed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failuresOf } from './ci/failures.mjs'
import { longestOf } from './ci/longest.mjs'

const root = join(import.meta.dirname, '..')
const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'))
const file = join(folder, 'results.json')

try {
  const jest = join(root, 'node_modules', '.bin', 'jest')
  const args = ['--json', `--outputFile=${file}`, ...process.argv.slice(2)]
  // Standard output would repeat the results as JSON; what people read is on standard error.
  // The AWS SDK's notice about Node.js versions to come would bury what the tests say.
  const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' }
  const child = spawn(jest, args, { cwd: root, env, stdio: ['inherit', 'ignore', 'inherit'] })
  const [code] = await once(child, 'close')
  const results = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
  const passed = results.numPassedTests ?? 0
  // A file that could not be loaded has no tests to count, and must not pass for that.
  const failed = (results.numFailedTests ?? 0) + (results.numRuntimeErrorTestSuites ?? 0)
  const isSound = code === 0 && results.success === true && passed > 0 && failed === 0
  if (!isSound) process.exitCode = 1
  const longest = longestOf(results, root)
  if (longest !== undefined) console.log(longest)
  for (const failure of failuresOf(results, root)) console.log(failure)
  if (!isSound && failed === 0) console.log(`jest ended with ${code}: not every test ran`)
  console.log(`Tests: ${passed} passed, ${failed} failed`)
} finally {
  await rm(folder, { recursive: true, force: true })
}
