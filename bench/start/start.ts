import { median } from '../figures.js'
import { isReference } from '../frame/machine.js'
import type { Part } from '../frame/part.js'
import type { Figures, Goal, Quartiles } from '../frame/results.js'
import { shown, spread } from '../frame/tables.js'
import { type BundleFigures, bundles } from './bundles.js'
import { firstAccess } from './first-access.js'
import { firstAnswerMs } from './first-answer.js'
import { imports } from './imports.js'
import { type CallCpu, callCpu, memorySizes } from './memory-sizes.js'
import type { SideFigures } from './rounds.js'

const FULL_ROUNDS = 11
const QUICK_ROUNDS = 1
/** Of `npm start`. */
const FULL_STARTS = 3
const BUNDLE_BYTES_MAX = 270_000
const IMPORT_RATIO_MAX = 0.6
const SDK_RATIO_MAX = 1.3

export const START: Part = {
  name: 'start',
  title: 'Starts of functions and servers',
  explanation:
    'Each figure is of a process of its own; sides take turns. Plain bundles are those that esbuild makes of the same ' +
    'functions without care: ES modules, with all that the AWS SDK may ever need. The memory sizes are modelled from the ' +
    'CPU time measured here, without TLS, with a write of 5 ms, a read of 4 and a push of 10.',
  onOldestNode: false,
  canBeModelled: false,
  async run(context) {
    const { node, isQuick } = context
    const rounds = isQuick ? QUICK_ROUNDS : FULL_ROUNDS
    context.say('imports of the functions')
    const ofFunctions = await bundles(node, rounds)
    for (const { bundle, bytes } of ofFunctions) {
      context.expectCount(`bytes of the function ${bundle}`, bytes, { from: 1, to: BUNDLE_BYTES_MAX })
    }
    context.say('imports of a server')
    const ofServers = await imports(node, rounds)
    const cpu = await callCpu(node, rounds)
    context.say('first accesses and npm start')
    const [server] = await firstAccess(node, rounds)
    const answers: number[] = []
    for (let start = 0; start < (isQuick ? 1 : FULL_STARTS); start += 1) answers.push(await firstAnswerMs(node))
    const isGoal = await isReference(node)
    return {
      series: [],
      figures: [
        functionsTable(ofFunctions),
        serversTable(ofServers),
        memoryTable(cpu),
        accessTable(server?.figures ?? {}, median(answers)),
      ],
      goals: isGoal ? goals(ofFunctions, ofServers) : [],
      cautions: [],
    }
  },
}

const text = (figure: Quartiles | undefined): string => (figure === undefined ? '' : spread(figure))

const functionsTable = (all: readonly BundleFigures[]): Figures => ({
  title: 'The functions',
  columns: ['bundle', 'bytes', 'plain bytes', 'import, CPU ms', 'plain, CPU ms', 'ratio'],
  rows: all.map(({ bundle, bytes, plainBytes, sides: [plain, ours] }) => [
    bundle,
    bytes,
    plainBytes,
    text(ours?.figures.cpuMs),
    text(plain?.figures.cpuMs),
    text(ours?.ratios.cpuMs),
  ]),
})

const serversTable = (all: readonly SideFigures[]): Figures => ({
  title: 'The import of a server',
  columns: ['import', 'CPU ms', 'ratio of CPU', 'ms', 'ratio of ms'],
  rows: all.map(({ name, figures, ratios }) => [
    name,
    text(figures.cpuMs),
    text(ratios.cpuMs),
    text(figures.ms),
    text(ratios.ms),
  ]),
})

const memoryTable = (cpu: CallCpu): Figures => ({
  title:
    `The functions' memory, modelled: the import takes ${shown(cpu.importCpuMs)} ms of CPU, the first acquire ` +
    `${shown(cpu.firstCpuMs)} ms, a request of a later one ${shown(cpu.callCpuMs)} ms`,
  columns: ['memory, MB', 'cold start, ms', 'call of a handoff, ms', '$ a million calls', 'ms × $'],
  rows: memorySizes(cpu).map(({ memoryMb, coldMs, callMs, dollarsPerMillion, product }) => [
    memoryMb,
    coldMs,
    callMs,
    dollarsPerMillion,
    product,
  ]),
})

const accessTable = (figures: SideFigures['figures'], answerMs: number): Figures => ({
  title: 'A server on the local stack, whose functions have run before',
  columns: ['step', 'ms'],
  rows: [
    ["import 'holdfast'", text(figures.importMs)],
    ['the first access, with the connection', text(figures.firstAccessMs)],
    ['the first access to another session', text(figures.nextSessionMs)],
    ['npm start, built, to its first answer', answerMs],
  ],
})

function goals(functions: readonly BundleFigures[], servers: readonly SideFigures[]): readonly Goal[] {
  const bytes = Math.max(...functions.map((one) => one.bytes))
  const ratio = Math.max(...functions.map(({ sides: [, ours] }) => ours?.ratios.cpuMs?.median ?? Number.NaN))
  const sdk = servers.at(-1)?.ratios.cpuMs?.median ?? Number.NaN
  return [
    { goal: `each function has ≤ ${BUNDLE_BYTES_MAX} bytes`, figure: shown(bytes), isMet: bytes <= BUNDLE_BYTES_MAX },
    {
      goal: `its import takes ≤ ${IMPORT_RATIO_MAX} × the CPU of the plain bundle`,
      figure: shown(ratio),
      isMet: ratio <= IMPORT_RATIO_MAX,
    },
    {
      goal: `import 'holdfast' takes ≤ ${SDK_RATIO_MAX} × the CPU of @aws-sdk/client-dynamodb and ws`,
      figure: shown(sdk),
      isMet: sdk <= SDK_RATIO_MAX,
    },
  ]
}
