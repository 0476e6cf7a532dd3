import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { packageRoot } from '../../local/package-root.cjs'

/** Records of CI keep so many lines of its end. */
const KEPT_LINES = 40
/** A run starts some 60 processes. */
const RUN_MS = 120_000
const TESTS_PASS = 'echo "Tests: 7 passed, 0 failed"'

jest.setTimeout(RUN_MS)

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-ci-'))
  for (const tool of ['git', 'npx', 'spin', 'gcc', 'redis-server', 'chromium', 'apt-get']) await program(tool, '')
  await program('java', `echo 'openjdk version "17.0.1"' >&2`)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('CI that passes ends with the tests', async () => {
  const { code, lines } = await ci({ test: TESTS_PASS })
  expect(lines.slice(-2)).toEqual(['ci: passed', 'Tests: 7 passed, 0 failed'])
  expect(code).toBe(0)
})

test('the end of CI names each step that failed, and says why', async () => {
  const { code, lines } = await ci({
    'run check':
      'echo "a.ts(3,5): error TS2322: wrong"; for i in $(seq 50); do echo fine; done; echo "check: failed: types"; exit 1',
    test: 'echo "longest: of 9 s in 300 files: test/a.test.ts 7"; echo "failed: test/a.test.ts: adds"; echo "  Expected: 1 | Received: 2"; echo "Tests: 6 passed, 1 failed"; exit 1',
    'run sim -- --seeds 1000':
      'echo "seed 12 (hash ab): lost"; echo "  and doubled"; for i in $(seq 90); do echo table; done; exit 1',
    // It says nothing that is meant for the end.
    'run pack:report':
      'echo "npm error E404"; echo "0 errors"; for i in $(seq 90); do echo fine; done; echo last; exit 3',
    'run torture -- --minutes 2': 'for i in $(seq 90); do echo "VIOLATION: $i"; done; exit 1',
  })
  expect(code).toBe(1)
  expect(lines.slice(-2)).toEqual(['ci: failed: check, package, tests, sim, torture', 'Tests: 6 passed, 1 failed'])
  const kept = lines.slice(-KEPT_LINES)
  for (const told of [
    'ci: longest: of 9 s in 300 files: test/a.test.ts 7',
    'ci: check failed (1)',
    'a.ts(3,5): error TS2322: wrong',
    'check: failed: types',
    'ci: package failed (3)',
    'npm error E404',
    'last',
    'failed: test/a.test.ts: adds',
    'Expected: 1 | Received: 2',
    'seed 12 (hash ab): lost',
    'and doubled',
    'VIOLATION: 1',
  ]) {
    expect(kept.map((line) => line.trim())).toContain(told)
  }
  expect(kept.map((line) => line.trim())).not.toContain('0 errors')
})

test('where nothing can be installed, nothing runs, and the last line has no tests', async () => {
  const { code, lines } = await ci({ ci: 'exit 1', test: TESTS_PASS })
  expect(code).toBe(1)
  expect(lines.slice(-2)).toEqual(['ci: failed: install', 'Tests: 0 passed, 0 failed'])
})

test('CI that is broken off says what did not end, and ends it', async () => {
  const mark = join(folder, 'ended')
  const { child, ended } = await begin({ test: `trap 'touch ${mark}; exit' TERM; echo of tests; sleep 600 & wait` })
  let output = ''
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      output += chunk
      if (output.includes('of tests')) resolve()
    })
  })
  child.kill('SIGTERM')
  const { code, lines } = await ended
  expect(code).toBe(1)
  expect(lines).toContain('ci: tests did not end')
  // The model goes on beside the tests, and may not have ended either.
  expect(lines.at(-2)).toMatch(/^ci: failed: (model, )?tests$/)
  expect(lines.at(-1)).toBe('Tests: 0 passed, 0 failed')
  while (!existsSync(mark)) await after(20)
})

test('of Jest the tests that failed are told, and the files that failed outside of a test', () => {
  const failed =
    'Error: expect(received).toBe(expected)\n\n\u001b[32mExpected: 1\u001b[39m\nReceived: 2\n    at toBe (/clone/test/a.test.ts:12:5)'
  const test = (fullName: string, failureMessages: readonly string[]) => {
    return { fullName, failureMessages, status: failureMessages.length === 0 ? 'passed' : 'failed' }
  }
  const testResults = [
    { name: '/clone/test/a.test.ts', status: 'failed', assertionResults: [test('adds', [failed]), test('waits', [])] },
    { name: '/clone/test/b.test.ts', status: 'passed', assertionResults: [test('adds', [])] },
    { name: '/clone/test/c.test.ts', status: 'failed', message: "Cannot find module './d.js'", assertionResults: [] },
  ]
  const told = evaluated(`import { failuresOf } from './scripts/ci/failures.mjs'
    console.log(JSON.stringify(failuresOf(${JSON.stringify({ testResults })}, '/clone')))`)
  expect(told).toEqual([
    'failed: test/a.test.ts: adds\n  Error: expect(received).toBe(expected) | Expected: 1 | Received: 2 | line 12',
    "failed: test/c.test.ts\n  Cannot find module './d.js'",
  ])
})

test('the files that take longest begin first, and each begins once', () => {
  const [long, sorted] = evaluated(`import Sequencer from './scripts/jest-long-first.cjs'
    const files = ['test/store/a.test.ts', ...Sequencer.LONG.toReversed(), 'test/store/b.test.ts']
    const context = { config: { cache: false }, hasteFS: { getSize: () => 1 } }
    const tests = files.map((file) => ({ path: '/clone/' + file, context }))
    const sorted = new Sequencer().sort(tests).map(({ path }) => path.slice('/clone/'.length))
    console.log(JSON.stringify([Sequencer.LONG, sorted]))`) as [string[], string[]]
  expect(sorted.slice(0, long.length)).toEqual(long)
  expect(sorted.slice(long.length).toSorted()).toEqual(['test/store/a.test.ts', 'test/store/b.test.ts'])
  expect(long.filter((file) => !existsSync(join(packageRoot, file)))).toEqual([])
})

/** What this module prints as JSON. */
function evaluated(source: string): unknown {
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', source], { cwd: packageRoot })
  return JSON.parse(printed.toString())
}

async function program(name: string, script: string): Promise<void> {
  const file = join(folder, name)
  await writeFile(file, `#!/bin/bash\n${script}\n`)
  await chmod(file, 0o755)
}

/** Runs `.ci/run`, where `npm` does only what is said for the arguments. */
async function ci(npm: Readonly<Record<string, string>>) {
  return (await begin(npm)).ended
}

async function begin(npm: Readonly<Record<string, string>>) {
  const cases = Object.entries(npm).map(([args, script]) => `"${args}") ${script} ;;`)
  await program('npm', `case "$*" in\n${cases.join('\n')}\nesac`)
  // The pause before another try.
  await program('sleep', '[ "$1" = 5 ] || exec /bin/sleep "$@"')
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` }
  const child = spawn(join(packageRoot, '.ci/run'), { env, stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, ended: endOf(child) }
}

async function endOf(child: ChildProcess): Promise<{ code: number; lines: readonly string[] }> {
  let output = ''
  child.stdout?.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, lines: output.trimEnd().split('\n') }
}
