import { median, table } from './figures.js'
import { bundles } from './start/bundles.js'
import { firstAccess } from './start/first-access.js'
import { firstAnswerMs } from './start/first-answer.js'
import { imports } from './start/imports.js'
import { callCpu, memorySizes } from './start/memory-sizes.js'
import type { SideFigures, Spread } from './start/rounds.js'

const ROUNDS = 11
const BUNDLE_BYTES_MAX = 270_000

/** How fast functions, servers and `npm start` start. `node` is the Node.js that runs them. */
export async function start(node = process.execPath, rounds = ROUNDS): Promise<void> {
  const figures = {
    bundles: await bundles(node, rounds),
    imports: await imports(node, rounds),
    callCpu: await callCpu(node, rounds),
    firstAccess: await firstAccess(node, rounds),
    firstAnswerMs: median([await firstAnswerMs(node), await firstAnswerMs(node), await firstAnswerMs(node)]),
  }
  const [server] = figures.firstAccess
  console.log(`Each figure is of a process of its own; sides take turns; medians of ${rounds} rounds, and quartiles.\n`)
  console.log(
    table([
      ['the bundle of', 'plain', 'ours', 'import, CPU ms', 'plain', 'ratio'],
      ...figures.bundles.map(({ bundle, plainBytes, bytes, sides: [plain, ours] }) => [
        bundle,
        `${Math.round(plainBytes / 1_000)} KB`,
        `${Math.round(bytes / 1_000)} KB`,
        shown(ours?.figures.cpuMs, 1),
        shown(plain?.figures.cpuMs, 1),
        shown(ours?.ratios.cpuMs, 2),
      ]),
    ]),
  )
  console.log(`\n${table([['import', 'CPU ms', 'ratio', 'ms', 'ratio'], ...figures.imports.map(imported)])}\n`)
  const { importCpuMs, firstCpuMs, callCpuMs } = figures.callCpu
  console.log(`The function grant takes ${importCpuMs.toFixed(1)} ms of CPU time for its import, ${firstCpuMs.toFixed(1)} for its
first acquire and ${callCpuMs.toFixed(2)} for a later one, without TLS. Modelled with its share of a processor, a write of 5 ms,
a read of 4 and a push of 10: a cold start up to the answer to an acquire, and a call of a handoff.`)
  console.log(
    table([
      ['memory', 'cold ms', 'call ms', '$ a million calls', 'ms × $'],
      ...memorySizes(figures.callCpu).map(({ memoryMb, coldMs, callMs, dollarsPerMillion, product }) => [
        `${memoryMb} MB`,
        coldMs.toFixed(0),
        callMs.toFixed(1),
        dollarsPerMillion.toFixed(2),
        product.toFixed(1),
      ]),
    ]),
  )
  console.log(`\n${table([['a server on the local stack', 'ms'], ...Object.entries(server?.figures ?? {}).map(row)])}`)
  console.log(`npm start to its first answer: ${(figures.firstAnswerMs / 1_000).toFixed(1)} s`)
  const tooLarge = figures.bundles.filter(({ bytes }) => bytes > BUNDLE_BYTES_MAX)
  for (const { bundle, bytes } of tooLarge)
    console.error(`${bundle} has ${bytes} bytes, of ${BUNDLE_BYTES_MAX} at most`)
  if (tooLarge.length > 0) process.exitCode = 1
}

const imported = ({ name, figures, ratios }: SideFigures): readonly string[] => [
  name,
  shown(figures.cpuMs, 1),
  shown(ratios.cpuMs, 2),
  shown(figures.ms, 1),
  shown(ratios.ms, 2),
]

const row = ([name, spread]: [string, Spread]): readonly string[] => [name, shown(spread, 0)]

const shown = (spread: Spread | undefined, digits: number): string =>
  spread === undefined
    ? ''
    : `${spread.median.toFixed(digits)} (${spread.low.toFixed(digits)}–${spread.high.toFixed(digits)})`
