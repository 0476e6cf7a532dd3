// Simulates the whole system by seeds: see docs/internals/testing.md.
//   npm run sim -- --seeds 2000 --from 1        runs seeds, prints what went wrong, and how often each fault happened
//   npm run sim -- --seed 605                   runs one seed
//   npm run sim -- --seeds 200 --quiet          the same without any fault
//   npm run sim -- --seeds 400 --coverage       says which lines of client/, functions/ and protocol/ no seed reaches
//   npm run sim -- --seeds 200 --hashes         prints each seed's history as a hash: the same for the same behaviour
//   npm run sim -- --days 30 [--seeds 8]        long lives: so many days in each seed
//   npm run sim -- --rolling [--seeds 20]       deploys the stack again and again: functions, timing, incarnation, and back
//   npm run sim -- --crashes [--seed 3]         kills a function, a client or a worker thread at every suspension point of some runs, or of one
//   npm run sim -- --storm 10000 [--cut]        very many processes that hold their leases, under the gateway's quotas
//   npm run sim -- --mutants [--only text]      plants each bug of test/simulation/mutants, and says how soon it is found
import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { coverageReport } from './simulation/coverage.mjs'
import { bundle as bundleIn, run as runWith } from './simulation/program.mjs'
import { runStorm, STORM_OPTIONS } from './simulation/storm.mjs'
import { SEED_MS_MAX } from './simulation/watchdog.mjs'

/** Seeds that one process runs. It is slow until its code is compiled, so few processes are quicker than many. */
const BATCH_SEEDS_MAX = 2_500
const BATCHES_PER_WORKER = 3
/** Seeds of a run of days, unless it is said: some without faults, with one server and with two. */
const DAYS_SEEDS = '8'
/** Runs of deployments, every second one with faults. */
const ROLLING_SEEDS = '20'
/** From here on every fault must have happened. */
const COMPLETE_FROM_SEEDS = 1_000
/** Runs whose suspension points are all tried, on both sides of each. */
const CRASH_SEEDS = [3, 6]
const CRASH_BATCH = 200
/** A planted bug must show within so many seeds. */
const MUTANT_SEEDS_MAX = 10_000
/** Most show within these, and then no more are run. */
const MUTANT_BATCH_SEEDS = 100
/** The same for bugs that show only while a stack is deployed: such a run is long. */
const ROLLING_MUTANT = [400, 5]
/** The same of those that show in a storm: one at a time, since each takes some seconds. */
const STORM_MUTANT = [10, 1]

/** Counts that the runs add up, by name. */
const COUNTS = ['faults', 'executed', 'codes', 'leftOut']

const USAGE = `usage: npm run sim -- [--seeds 2000] [--from 1] [--days 30] [--rolling] [--quiet] [--hashes] [--coverage] | --seed 605 | --crashes [--seed 3] | --mutants [--only text]
or: npm run sim -- --storm 10000 [--throttle 2000/1000] [--lease 30000] [--hours 1] [--seed 1] [--cut] [--deploy]
with any of them: [--workers ${availableParallelism()}] [--seed-ms-max ${SEED_MS_MAX}]`

const values = options()
const workers = count('workers', values.workers)
const days = values.days === undefined ? undefined : count('days', values.days)
const seeds =
  values.seed === undefined
    ? count('seeds', values.seeds ?? (values.rolling ? ROLLING_SEEDS : days === undefined ? '2000' : DAYS_SEEDS))
    : 1
const from = values.seed === undefined ? count('from', values.from) : count('seed', values.seed)

const directory = await mkdtemp(join(tmpdir(), 'holdfast-sim-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
const runOptions = {
  isRange: seeds > 1 || values.crashes,
  isQuiet: values.quiet,
  seedMsMax: count('seed-ms-max', values['seed-ms-max']),
  env: values.coverage ? { NODE_V8_COVERAGE: join(directory, 'coverage') } : {},
}
const bundle = (name, mutant) => bundleIn(directory, name, { mutant, isWhole: values.coverage })
const run = (program, mode, first, size = 1, ...more) => runWith(program, runOptions, mode, first, size, ...more)
/** The first Ctrl-C lets what is under way come to its end, and says what was found until then. */
const interrupt = new AbortController()
process.on('SIGINT', () => {
  if (interrupt.signal.aborted) process.exit(130)
  interrupt.abort()
})
process.on('SIGTERM', () => process.exit(143))
process.exitCode = await chosen()

function options() {
  try {
    return parseArgs({
      options: {
        ...STORM_OPTIONS,
        seeds: { type: 'string' },
        days: { type: 'string' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        mutants: { type: 'boolean', default: false },
        rolling: { type: 'boolean', default: false },
        crashes: { type: 'boolean', default: false },
        hashes: { type: 'boolean', default: false },
        quiet: { type: 'boolean', default: false },
        coverage: { type: 'boolean', default: false },
        'seed-ms-max': { type: 'string', default: String(SEED_MS_MAX) },
        only: { type: 'string', default: '' },
        workers: { type: 'string', default: String(availableParallelism()) },
      },
    }).values
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`)
    process.exit(2)
  }
}

async function chosen() {
  if (values.storm !== undefined) return runStorm(await bundle('storm/main', undefined), values)
  if (values.mutants) return runMutants()
  return values.crashes ? runCrashes() : runSeeds()
}

async function runSeeds() {
  const program = await bundle('main', undefined)
  console.log(`program ${await hashOf(program)}`)
  const startedAt = performance.now()
  /** @type {[seed: number, hash: string][]} */
  const hashes = []
  const totals = { seeds: 0, failed: 0, judged: 0, events: 0, landed: 0, hashes }
  for (const counts of COUNTS) totals[counts] = {}
  const rate = () => `${((1_000 * totals.seeds) / (performance.now() - startedAt)).toFixed(1)} seeds/s`
  const batchSeeds = Math.min(BATCH_SEEDS_MAX, Math.ceil(seeds / workers / BATCHES_PER_WORKER))
  await inBatches(from, seeds, batchSeeds, async (first, size) => {
    const mode = days === undefined ? [values.rolling ? 'rolling' : 'seeds', first, size] : ['days', first, size, days]
    for (const line of await run(program, ...mode)) {
      if (line.violations !== undefined) {
        totals.failed += 1
        console.log(`seed ${line.seed} (hash ${line.hash}): ${line.violations.join('\n  ')}`)
      } else addUp(totals, line)
    }
    const tenth = Math.floor((10 * totals.seeds) / seeds)
    totals.seeds += size
    if (Math.floor((10 * totals.seeds) / seeds) > tenth && totals.seeds < seeds) {
      console.log(`${totals.seeds} of ${seeds} seeds: ${totals.failed} violations, ${rate()}`)
    }
    return true
  })
  const seconds = (performance.now() - startedAt) / 1_000
  console.log(table('fault', totals.faults))
  console.log(table('executed', totals.executed))
  console.log(table('error told to an access', totals.codes))
  console.log(table('check left out, because of a fault', totals.leftOut))
  if (values.coverage) console.log(await coverageReport(program, runOptions.env.NODE_V8_COVERAGE))
  const isComplete = seeds >= COMPLETE_FROM_SEEDS && !values.quiet && !values.rolling
  const silent = Object.entries({ ...totals.faults, ...totals.executed }).filter(([, hits]) => isComplete && hits === 0)
  if (silent.length > 0) console.log(`never happened: ${silent.map(([name]) => name).join(', ')}`)
  if (values.hashes || seeds === 1) {
    for (const [seed, hash] of hashes.sort(([a], [b]) => a - b)) console.log(`history of seed ${seed}: ${hash}`)
  }
  console.log(
    `${totals.seeds} seeds from ${from}: ${totals.failed} violations; ${totals.judged} fully judged; ${totals.events} events, ` +
      `${totals.landed} writes, ${rate()}, ${seconds.toFixed(0)} s${interrupt.signal.aborted ? ', broken off' : ''}`,
  )
  if (interrupt.signal.aborted) return 130
  return totals.failed > 0 || silent.length > 0 ? 1 : 0
}

async function runCrashes() {
  const program = await bundle('main', undefined)
  const startedAt = performance.now()
  const points = {}
  let [runs, crashes, failed] = [0, 0, 0]
  for (const seed of values.seed === undefined ? CRASH_SEEDS : [from]) {
    if (interrupt.signal.aborted) return 130
    const [plain] = await run(program, 'points', seed, 1)
    const pointCount = Object.values(plain.points).reduce((sum, times) => sum + times, 0)
    for (const [label, times] of Object.entries(plain.points)) points[label] = (points[label] ?? 0) + times
    await inBatches(0, pointCount, CRASH_BATCH, async (first, size) => {
      for (const line of await run(program, 'crashes', first, size, seed)) {
        if (line.violations === undefined) {
          runs += line.runs
          crashes += line.crashes
        } else {
          failed += 1
          console.log(`seed ${seed}, ${line.victim} ${line.side} point ${line.point}: ${line.violations.join('\n  ')}`)
        }
      }
      return true
    })
  }
  console.log(table('suspension points', points))
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0)
  console.log(`${runs} runs, each with one crash: ${crashes} crashed, ${failed} violations; ${seconds} s`)
  if (interrupt.signal.aborted) return 130
  return failed > 0 || crashes !== runs ? 1 : 0
}

async function runMutants() {
  const { MUTANTS } = await import(await bundle('mutants/index', undefined))
  const planted = MUTANTS.filter(({ name }) => name.includes(values.only))
  const sound = new Map()
  let missed = 0
  const needed = []
  for (const mutant of planted) {
    const name = mutant.needsStorm ? 'storm/seeds' : 'main'
    const mode = mutant.isRolling ? 'first rolling' : 'first'
    const usual = mutant.isRolling ? ROLLING_MUTANT : [MUTANT_SEEDS_MAX, MUTANT_BATCH_SEEDS]
    const program = await bundle(name, mutant)
    if (!sound.has(name)) sound.set(name, await bundle(name, undefined))
    /** @type {number | undefined} */
    let foundAt
    let finding
    await inBatches(1, ...(mutant.needsStorm ? STORM_MUTANT : usual), async (first, size) => {
      for (const line of await run(program, mode, first, size)) {
        if (line.violations === undefined || (foundAt !== undefined && line.seed > foundAt)) continue
        foundAt = line.seed
        finding = line.violations[0]
      }
      return foundAt === undefined
    })
    if (interrupt.signal.aborted) return 130
    if (
      foundAt !== undefined &&
      (await run(sound.get(name), mode, foundAt, 1)).some((line) => line.violations !== undefined)
    ) {
      console.log(`seed ${String(foundAt)} fails without any bug, too: mend that first`)
      return 1
    }
    if (foundAt === undefined) missed += 1
    else needed.push(foundAt)
    console.log(
      foundAt === undefined
        ? `NOT FOUND  ${mutant.name}`
        : `seed ${String(foundAt).padStart(4)}  ${mutant.name}  (${finding})`,
    )
  }
  needed.sort((a, b) => a - b)
  console.log(
    `${planted.length - missed} of ${planted.length} planted bugs found; the median took ${needed[needed.length >> 1]} seeds`,
  )
  return missed === 0 ? 0 : 1
}

/** The same for the same code of the product and of the simulation: runs of one program add up. */
async function hashOf(program) {
  return createHash('sha256')
    .update(await readFile(program))
    .digest('hex')
    .slice(0, 16)
}

/** Runs batches of seeds side by side until all are run, or one says that it is enough. */
async function inBatches(start, total, batchSeeds, runBatch) {
  let next = start
  let goesOn = true
  const worker = async () => {
    while (goesOn && !interrupt.signal.aborted && next < start + total) {
      const first = next
      const size = Math.min(batchSeeds, start + total - first)
      next += size
      if (!(await runBatch(first, size))) goesOn = false
    }
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

function addUp(totals, line) {
  totals.events += line.events
  totals.landed += line.landed
  totals.judged += line.judged
  totals.hashes.push(...line.hashes)
  for (const counts of COUNTS) {
    for (const [name, times] of Object.entries(line[counts])) totals[counts][name] = (totals[counts][name] ?? 0) + times
  }
}

function table(title, counts) {
  const rows = Object.entries(counts).sort(([a], [b]) => a.localeCompare(b))
  return [title, ...rows.map(([name, hits]) => `  ${name.padEnd(36)} ${String(hits).padStart(10)}`)].join('\n')
}

function count(name, text) {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  console.error(`--${name} must be a whole number above 0, received '${text}'\n${USAGE}`)
  process.exit(2)
}
