import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { packageRoot } from '../../../local/package-root.cjs'

const FIXTURES = join(packageRoot, 'test/local/memory/fixtures')

/** Runs a test runner on the suite in its folder, with the package as it is built, to its own end. */
async function run(runner: 'jest' | 'vitest' | 'node', program: string, args: readonly string[]) {
  const { NODE_OPTIONS: _, JEST_WORKER_ID: __, NODE_TEST_CONTEXT: ___, ...env } = process.env
  const child = spawn(
    process.execPath,
    [...(program === '' ? [] : [join(packageRoot, 'node_modules', program)]), ...args],
    {
      cwd: join(FIXTURES, runner),
      env: { ...env, NO_COLOR: '1', NODE_ENV: 'test' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, printed: `${output}${errors}` }
}

describe('an application that is tested with a stack in memory', () => {
  it('works under Jest, fake timers or not', async () => {
    const { code, printed } = await run('jest', 'jest/bin/jest.js', ['--config', 'jest.config.cjs'])
    expect(printed).toContain('7 passed, 7 total')
    expect(printed).not.toContain('did not exit')
    expect(code).toBe(0)
  }, 120_000)

  it('works under Vitest, fake timers or not', async () => {
    const { code, printed } = await run('vitest', 'vitest/vitest.mjs', ['run', '--config', 'vitest.config.mjs'])
    expect(printed).toMatch(/Tests {2}7 passed \(7\)/)
    expect(code).toBe(0)
  }, 120_000)

  it('works under node:test, mock timers or not', async () => {
    const { code, printed } = await run('node', '', ['--test', '--test-reporter=tap', 'shop.spec.mjs'])
    expect(printed).toMatch(/# pass 5\n# fail 0/)
    expect(code).toBe(0)
  }, 120_000)

  it('does not keep a process alive that forgot the stack', async () => {
    const script = `
      import { createMemoryStack } from 'holdfast/testing'
      import { createHoldfast } from 'holdfast'
      const holdfast = createHoldfast({ namespace: 'shop', config: createMemoryStack().config })
      await holdfast.access('visitor', 'all', ({ state }) => void (state.count = 1))
      console.log('done')`
    const { code, printed } = await run('node', '', ['--input-type=module', '--no-warnings', '--eval', script])
    expect(printed).toContain('done')
    expect(code).toBe(0)
  }, 120_000)
})
