import { parseArgs } from 'node:util'
import { OF_THREAD, type Victim } from './crashes.js'
import { NO_FAULTS } from './faults.js'
import type { Script } from './script.js'
import { DURATIONS_MS } from './shape.js'
import { Simulation } from './simulation.js'

/**
 * Runs seeds, or one seed with a crash at one suspension point after the other, and prints a line of JSON for each
 * that goes wrong and one for all. Started by scripts/sim.mjs.
 */
// A Ctrl-C is for scripts/sim.mjs, which waits for the end of this run.
process.on('SIGINT', () => {})
const { positionals, values } = parseArgs({
  options: { quiet: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [mode = 'seeds', ...numbers] = positionals
/** The third is the seed whose points are tried, or the number of days. */
const [first = 1, count = 1, third = 1] = numbers.map(Number)
const VICTIMS: readonly Victim[] = ['machine', 'thread', 'hung thread']
const DAY_MS = 24 * 3_600_000
const hashes: [seed: number, hash: string][] = []
const totals = {
  events: 0,
  landed: 0,
  judged: 0,
  leftOut: {},
  hashes,
  faults: {},
  executed: {},
  codes: {},
  points: {},
  runs: 0,
  crashes: 0,
}

/**
 * A short run in which every path is taken: handoffs, reclaims, reconnects, lost pushes, long work, destroys, and the calls
 * of worker threads.
 */
const script = (of: number, crash: Script['crash']): Script => ({
  durationMs: 9_000,
  faults: { ...NO_FAULTS, pushLost: 0.2, cutEveryMs: 4_000, killEveryMs: 9_000, lockRegressesEveryMs: 4_000 },
  crash,
  workload: {
    wholeShare: 0.2,
    wideShare: 0.3,
    peekShare: 0.1,
    createShare: 0.1,
    // In every second of these runs, threads do all the work.
    workerShare: of % 2 === 0 ? 1 : 0.3,
    workerMishapChance: 0,
    noteShare: 0.05,
    nestedShare: 0.1,
    ttlShare: 0.05,
    oddShare: 0.1,
  },
})

function add(to: Record<string, number>, counts: { readonly [name: string]: number }): void {
  for (const [name, times] of Object.entries(counts)) to[name] = (to[name] ?? 0) + times
}

async function run(
  simulation: Simulation,
  about: { readonly seed: number; readonly [detail: string]: unknown },
): Promise<boolean> {
  const { violations, events, landed, hash, counts, executed, codes, points, hasCrashed, leftOut } =
    await simulation.run()
  totals.events += events
  totals.landed += landed
  totals.judged += Object.values(leftOut).every((times) => times === 0) ? 1 : 0
  add(totals.leftOut, leftOut)
  if (mode === 'seeds' || mode === 'days' || mode === 'rolling') hashes.push([about.seed, hash])
  totals.crashes += hasCrashed ? 1 : 0
  add(totals.faults, counts)
  add(totals.executed, executed)
  add(totals.codes, codes)
  if (mode === 'points') for (const point of points) add(totals.points, { [point]: 1 })
  if (violations.length === 0) return true
  console.log(JSON.stringify({ ...about, hash, violations: violations.slice(0, 3).map(({ message }) => message) }))
  return false
}

const labels = mode === 'crashes' ? (await new Simulation(third, script(third, undefined)).run()).points : []
for (let index = first; index < first + count; index += 1) {
  // scripts/sim.mjs ends this process if nothing follows in time.
  console.log(JSON.stringify({ begins: index }))
  if (mode === 'days') {
    const days: Script = { shape: 'days', durationMs: third * DAY_MS, crash: undefined }
    await run(new Simulation(index, days, values.quiet), { seed: index })
  } else if (mode === 'rolling' || mode === 'first rolling') {
    // Every second seed has faults.
    const rolling: Script = { shape: 'rolling', durationMs: DURATIONS_MS.rolling ?? 0, crash: undefined }
    const isFine = await run(new Simulation(100 * index, rolling), { seed: index })
    if (mode === 'first rolling' && !isFine) break
  } else if (mode === 'seeds' || mode === 'first') {
    const isFine = await run(new Simulation(index, undefined, values.quiet), { seed: index })
    if (mode === 'first' && !isFine) break
  } else if (mode === 'points') await run(new Simulation(index, script(index, undefined)), { seed: index })
  else {
    const victims = VICTIMS.filter((victim) => victim === 'machine' || labels[index]?.startsWith(OF_THREAD))
    for (const side of ['before', 'after'] as const) {
      for (const victim of victims) {
        totals.runs += 1
        const simulation = new Simulation(third, script(third, { at: index, side, victim }))
        await run(simulation, { seed: third, point: index, side, victim })
      }
    }
  }
}
console.log(JSON.stringify(totals))
