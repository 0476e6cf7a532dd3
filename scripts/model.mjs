// Checks the protocol's model (test/model/) with Spin: every configuration, exhaustively. With --bugs it breaks the rules one
// at a time and expects each to be caught; with --processes 4 it takes more processes and more time.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUGS } from '../test/model/bugs.mjs'
import { CONFIGURATIONS, CONFIGURATIONS_OF_FOUR, DEFAULTS } from '../test/model/configurations.mjs'

const MODEL = join(import.meta.dirname, '..', 'test/model')
/** Optimizing more takes longer than it saves. All steps are on shared data, so partial order reduction finds nothing. */
const COMPILER = ['-O1', '-w', '-DNOREDUCE', '-DVECTORSZ=2048']
const COMPILER_SAFE = ['-DSAFETY']
/** Room for weak fairness among 18 processes of Promela. */
const COMPILER_LIVE = ['-DNFAIR=5']
/** A search that needs a deeper stack or more memory counts as failed. */
const SEARCH = ['-m50000', '-w22', '-n']
const SEARCH_LIVE = ['-a', '-f']
const MEMORY_MB = { 3: 950, 4: 8_000 }

const { values: options } = parseArgs({
  options: { bugs: { type: 'boolean' }, processes: { type: 'string', default: '3' }, only: { type: 'string' } },
})
if (!(options.processes in MEMORY_MB)) throw new RangeError(`--processes must be 3 or 4, received ${options.processes}`)

for (const tool of ['spin', 'gcc']) {
  if (spawnSync(tool, [tool === 'spin' ? '-V' : '--version']).error !== undefined) {
    console.error(`model: '${tool}' was not found: install it (Debian: apt-get install ${tool})`)
    process.exit(1)
  }
}

/** Runs a command to its end. A compiler or a search that fails is told by what it printed. */
async function run(cwd, command, args) {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  const [code] = await once(child, 'close')
  return { code, output }
}

async function mustRun(cwd, command, args) {
  const { code, output } = await run(cwd, command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code} in ${cwd}:\n${output}`)
}

const defines = (parameters) => Object.entries(parameters).map(([name, value]) => `-D${name}=${value}`)

/** The properties are named in comments beside their assertions. */
async function brokenProperty(folder, program, parameters, output) {
  if (output.includes('acceptance cycle')) return 'settles'
  const replay = await run(folder, 'spin', ['-t', '-T', ...defines(parameters), program])
  const [, file, line] = /spin: (\w+\.pml):(\d+), Error: assertion violated/.exec(replay.output) ?? []
  if (file === undefined) return undefined
  const text = (await readFile(join(folder, file), 'utf8')).split('\n')[Number(line) - 1] ?? ''
  return /\/\* ([\w-]+) \*\//.exec(text)?.[1] ?? `${file}:${line}`
}

async function check({ program: root = 'holdfast', parameters, edits = [] }) {
  const program = `${root}.pml`
  const startMs = performance.now()
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-model-'))
  await cp(MODEL, folder, { recursive: true })
  for (const [name, from, to] of edits) {
    const file = join(folder, `${name}.pml`)
    const text = await readFile(file, 'utf8')
    if (text.split(from).length !== 2) throw new Error(`expected exactly once in test/model/${name}.pml: ${from}`)
    await writeFile(
      file,
      text.replace(from, () => to),
    )
  }
  const isLive = parameters.LIVENESS === 1
  await mustRun(folder, 'spin', ['-a', ...defines(parameters), program])
  const memory = parameters.N > 3 ? ['-DCOLLAPSE', `-DMEMLIM=${MEMORY_MB[4]}`] : [`-DMEMLIM=${MEMORY_MB[3]}`]
  await mustRun(folder, 'gcc', [
    ...COMPILER,
    ...(isLive ? COMPILER_LIVE : COMPILER_SAFE),
    ...memory,
    '-o',
    'pan',
    'pan.c',
  ])
  const { output } = await run(folder, './pan', [...SEARCH, ...(isLive ? SEARCH_LIVE : [])])
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? Number.NaN)
  const errors = number(/errors: (\d+)/)
  const isComplete = !/Search not completed|max search depth too small|reached -DMEMLIM|out of memory/.test(output)
  return {
    folder,
    output,
    states: number(/^ *(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/m),
    depth: number(/depth reached (\d+)/),
    seconds: (performance.now() - startMs) / 1000,
    isSound: errors === 0 && isComplete,
    property: errors > 0 ? await brokenProperty(folder, program, parameters, output) : undefined,
  }
}

/** Two at a time, each in memory of its own; results are told in the order of the list. */
async function each(list, act, tell) {
  let free = Math.min(2, availableParallelism())
  const waiting = []
  const results = list.map(async (item) => {
    if (free === 0) await new Promise((resolve) => waiting.push(resolve))
    else free -= 1
    const result = await act(item)
    if (waiting.length > 0) waiting.shift()()
    else free += 1
    return result
  })
  for (const [index, result] of results.entries()) await tell(list[index], await result)
}

const row = (name, states, depth, seconds, result) =>
  console.log(`${name.padEnd(62)} ${states.padStart(10)} ${depth.padStart(7)} ${seconds.padStart(7)}  ${result}`)

const startMs = performance.now()
const isChosen = ({ name }) => options.only === undefined || name.includes(options.only)
let failed = 0
row(options.bugs ? 'rule that is broken' : 'configuration', 'states', 'depth', 'seconds', 'result')

if (options.bugs) {
  const list = BUGS.filter(isChosen).map((bug) => ({ ...bug, parameters: { ...DEFAULTS, LIVENESS: 0, ...bug.set } }))
  await each(list, check, async ({ name }, { folder, states, depth, seconds, property }) => {
    if (property === undefined) failed += 1
    row(name, String(states), String(depth), seconds.toFixed(1), property ? `caught: ${property}` : 'NOT CAUGHT')
    await rm(folder, { recursive: true, force: true })
  })
} else {
  const list = (options.processes === '4' ? CONFIGURATIONS_OF_FOUR : CONFIGURATIONS).filter(isChosen)
  await each(list, check, async ({ name, isLive, program = 'holdfast', parameters }, result) => {
    const { folder, states, depth, seconds, isSound, property, output } = result
    const outcome = isSound ? 'holds' : property === undefined ? 'NOT COMPLETED' : `BROKEN: ${property}`
    row(`${isLive ? 'live' : 'safe'}: ${name}`, String(states), String(depth), seconds.toFixed(1), outcome)
    if (isSound) return rm(folder, { recursive: true, force: true })
    failed += 1
    if (property === undefined) console.log(output)
    else console.log(`  replay: cd ${folder} && spin -t -T ${defines(parameters).join(' ')} ${program}.pml`)
  })
}

const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
console.log(
  `model: ${failed === 0 ? (options.bugs ? 'every broken rule is caught' : 'all hold') : `${failed} failed`}, ${seconds} s`,
)
if (failed > 0) process.exitCode = 1
