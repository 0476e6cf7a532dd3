// Types, lint and format. All three run, also when one of them fails.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

const checks = [
  { name: 'types', command: 'tsc', args: ['-p', '.'] },
  { name: 'pure', command: 'tsc', args: ['-p', 'protocol'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings', '--report-unused-disable-directives'] },
  { name: 'format', command: 'biome', args: ['check', '--error-on-warnings'] },
]

const failed = checks.filter(({ name, command, args }) => {
  const startMs = performance.now()
  const { status, error } = spawnSync(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
  })
  const outcome = status === 0 ? 'passed' : `failed${error === undefined ? '' : ` (${error.message})`}`
  console.log(`check: ${name} ${outcome}, ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
  return status !== 0
})

if (failed.length > 0) {
  console.log(`check: failed: ${failed.map(({ name }) => name).join(', ')}`)
  process.exitCode = 1
}
