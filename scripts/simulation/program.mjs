import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { bundleChanged } from '../bundle-changed.mjs'
import { watchdog } from './watchdog.mjs'

export const ROOT = resolve(import.meta.dirname, '../..')
/** Less work for the collector, and none of it on the cores that other batches use. */
const NODE_FLAGS = ['--single-threaded-gc', '--max-semi-space-size=64']
/** For ranges of seeds: nobody reads the stacks of a thousand errors, and they cost a tenth of the time. */
const RANGE_FLAGS = ['--stack-trace-limit=0']

const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

/**
 * Bundles a program of test/simulation, with one line of the product changed where a bug is to be planted. `isWhole`:
 * with all code that is never called, and a source map.
 */
export async function bundle(directory, name, { mutant, isWhole = false } = {}) {
  const outfile = join(
    directory,
    `${name.replace('/', '-')}-${mutant === undefined ? 'plain' : Math.random().toString(36).slice(2)}.mjs`,
  )
  const whole = isWhole ? { treeShaking: false, sourcemap: 'external' } : {}
  return bundleChanged(`test/simulation/${name}.ts`, outfile, mutant === undefined ? [] : [mutant], whole)
}

/**
 * Runs seeds, or suspension points, in a process of their own: what one does depends on nothing before it. Returns the
 * lines that it prints. One that does not end is a violation, and the others behind it are run all the same.
 */
export async function run(program, options, mode, first, count, ...more) {
  const lines = []
  for (let next = first; next < first + count; ) {
    const { seed, isHung } = await runOnce(program, options, lines, [mode, next, first + count - next, ...more])
    if (!isHung) break
    const violations = [`it does not end: ended after ${options.seedMsMax} ms of the processor's time`]
    lines.push({ seed, point: seed, side: 'at', hash: '', violations })
    if (mode.startsWith('first')) break
    next = seed + 1
  }
  return lines
}

async function runOnce(program, { isRange, isQuiet, seedMsMax, env }, lines, args) {
  const flags = [...NODE_FLAGS, ...(isRange ? RANGE_FLAGS : [])]
  const child = spawn(process.execPath, [...flags, program, ...(isQuiet ? ['--quiet'] : []), ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  children.add(child)
  const dog = watchdog(child, { seedMsMax })
  let problem = ''
  child.stderr.on('data', (data) => {
    problem += data
  })
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text)
    if (line.begins === undefined) lines.push(line)
    else dog.begins(line.begins)
  }
  const code = child.exitCode ?? child.signalCode ?? (await new Promise((done) => child.once('exit', done)))
  children.delete(child)
  const { seed, isHung } = dog.end()
  // A program that dies is a finding, too: an unhandled rejection in the client, for one.
  if (code !== 0 && !isHung)
    lines.push({ seed, point: seed, side: 'at', hash: '', violations: [`the program died: ${problem.slice(-500)}`] })
  return { seed, isHung }
}
