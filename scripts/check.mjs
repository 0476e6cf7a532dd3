// The lock file, types, lint, format, exports that nobody uses, and the package as it would be published. All of them
// run, also when one fails.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules', '.bin', name)
// TypeScript 5 is installed for the tests of the package, and its `tsc` has the same name.
const TSC = join(root, 'node_modules/typescript/bin/tsc')

const checks = [
  // It lists every package that it would add, which matters to nobody.
  {
    name: 'lock file',
    command: 'npm',
    args: ['ci', '--dry-run', '--loglevel=error'],
    stdio: ['inherit', 'ignore', 'inherit'],
  },
  { name: 'types', command: TSC, args: ['-p', '.'] },
  { name: 'pure', command: TSC, args: ['-p', 'protocol'] },
  { name: 'page', command: TSC, args: ['-p', 'inspector/page'] },
  {
    name: 'lint',
    command: bin('oxlint'),
    args: ['--type-aware', '--deny-warnings', '--report-unused-disable-directives'],
  },
  { name: 'format', command: bin('biome'), args: ['check', '--error-on-warnings'] },
  { name: 'exports', command: bin('knip'), args: ['--no-progress', '--treat-config-hints-as-errors'] },
  { name: 'package', command: process.execPath, args: ['scripts/package/lint.mjs'] },
]

const failed = checks.filter(({ name, command, args, stdio = 'inherit' }) => {
  const startMs = performance.now()
  const { status, error } = spawnSync(command, args, { cwd: root, stdio })
  const outcome = status === 0 ? 'passed' : `failed${error === undefined ? '' : ` (${error.message})`}`
  console.log(`check: ${name} ${outcome}, ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  return status !== 0
})

if (failed.length > 0) {
  console.log(`check: failed: ${failed.map(({ name }) => name).join(', ')}`)
  process.exitCode = 1
}
