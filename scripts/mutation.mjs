// Mutation testing of rooms and files: npm run mutation. See docs/internals/testing.md.
//   npm run mutation -- functions store/requests.ts --concurrency 1
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

const args = process.argv.slice(2)
const firstOption = args.findIndex((arg) => arg.startsWith('-'))
const named = firstOption === -1 ? args : args.slice(0, firstOption)
const targets = (named.length === 0 ? ['protocol'] : named).map((target) => target.replace(/\/$/, ''))
for (const target of targets) {
  if (existsSync(join(ROOT, fileOf(target)))) continue
  console.error(`'${target}' is neither a folder nor a file of this repository, such as functions or store/requests.ts`)
  process.exit(2)
}

// Tests with threads and of whole stacks run what is built.
const built = await run('scripts/build.mjs', [])
const options = firstOption === -1 ? [] : args.slice(firstOption)
process.exitCode =
  built === 0 ? await run('node_modules/@stryker-mutator/core/bin/stryker.js', ['run', ...options]) : built

/** A file may be followed by lines: `functions/release.ts:20-30`. */
function fileOf(target) {
  return target.replace(/:\d+-\d+$/, '')
}

function patternOf(target) {
  return statSync(join(ROOT, fileOf(target))).isDirectory() ? `${target}/**/*.{ts,cts,tsx}` : target
}

async function run(program, programArgs) {
  const env = {
    ...process.env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // stryker.config.mjs reads these.
    MUTATION_TARGETS: JSON.stringify(targets.map(fileOf)),
    MUTATION_PATTERNS: JSON.stringify(targets.map(patternOf)),
  }
  const child = spawn(process.execPath, [join(ROOT, program), ...programArgs], { cwd: ROOT, env, stdio: 'inherit' })
  const [code] = await once(child, 'close')
  return code ?? 1
}
