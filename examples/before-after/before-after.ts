import { median, percentile, table } from '../../bench/figures.js'
import { RedisMissingError } from '../../bench/peers/redis-server.js'
import type { LocalStack } from '../../local/index.js'
import { runCommand, step } from '../shop/command.js'
import { onLocalStack } from '../shop/on-local-stack.js'
import { CART_ADDS, type Fate, NOTE_ADDS } from './adds.js'
import {
  CONNECT_DYNAMODB,
  HOLDFAST_MERGE,
  HOLDFAST_WRITE,
  runConnectDynamoDb,
  runConnectRedis,
  runHoldfast,
  type Side,
} from './sides.js'

/**
 * `npm run example -- before-after`: the overlapping requests of one visitor on two servers, with the stores that
 * express-session has, and with Holdfast.
 */
const EXPLANATION = `The same Express application, as two processes of each kind. One visitor makes ${CART_ADDS} adds to one cart at once, and then
${NOTE_ADDS} adds to an attribute each; every second one goes to the other server.
  acknowledged   answered with 200            kept          acknowledged, and there in the end
  answered 409   refused: to be tried again   overwritten   acknowledged, and gone in the end`

const ms = (value: number): string => `${value.toFixed(0)} ms`

type Row = readonly [label: string, cell: (side: Side) => string]

const COUNTS: readonly (readonly [label: string, count: (fate: Fate) => number])[] = [
  ['  acknowledged', ({ acknowledged }) => acknowledged],
  ['  answered 409', ({ conflicts }) => conflicts],
  ['  answered otherwise', ({ failed }) => failed],
  ['  kept', ({ kept }) => kept],
  ['  overwritten', ({ overwritten }) => overwritten],
]

const counts = (of: (side: Side) => Fate): readonly Row[] =>
  COUNTS.map(([label, count]) => [label, (side) => String(count(of(side)))])

const ROWS: readonly Row[] = [
  [`${CART_ADDS} adds to one cart`, () => ''],
  ...counts(({ cart }) => cart),
  ['  latency p50', ({ cart }) => ms(median(cart.latenciesMs))],
  ['  latency p99', ({ cart }) => ms(percentile(cart.latenciesMs, 99))],
  ['  all of them', ({ cart }) => ms(cart.wholeMs)],
  [`${NOTE_ADDS} adds to an attribute each`, () => ''],
  ...counts(({ notes }) => notes),
]

/** Whether Holdfast kept its promises; each that it broke is said. */
function judge(sides: readonly Side[]): boolean {
  const broken = sides.flatMap(({ name, cart, notes }) => {
    if (name !== HOLDFAST_WRITE && name !== HOLDFAST_MERGE) return []
    const mayConflict = name === HOLDFAST_MERGE
    const promises: readonly (readonly [promise: string, isKept: boolean])[] = [
      ['nothing that was acknowledged is overwritten', cart.overwritten + notes.overwritten === 0],
      ['each is there once, and none that was refused', cart.unexplained + notes.unexplained === 0],
      [
        'every add is acknowledged, or answered 409 with merge',
        cart.failed === 0 && (mayConflict || cart.conflicts === 0),
      ],
      ['adds to an attribute each are all kept', notes.kept === NOTE_ADDS],
    ]
    return promises.filter(([, isKept]) => !isKept).map(([promise]) => `${name}: not so: ${promise}`)
  })
  for (const line of broken) step(line)
  return broken.length === 0
}

/** Says how long the same adds took where all of them were kept, and where they were not. */
function compareTimes(sides: readonly Side[]): void {
  const times = (name: string): string => {
    const { latenciesMs, wholeMs } = sides.find((side) => side.name === name)?.cart ?? { latenciesMs: [], wholeMs: 0 }
    return `${name} ${ms(median(latenciesMs))}, ${ms(wholeMs)}`
  }
  step(`p50 and all of the ${CART_ADDS}: ${times(HOLDFAST_WRITE)}; ${times(CONNECT_DYNAMODB)}`)
}

const RUNS: readonly (readonly [description: string, run: (stack: LocalStack) => Promise<Side>])[] = [
  [CONNECT_DYNAMODB, runConnectDynamoDb],
  ['connect-redis', runConnectRedis],
  [HOLDFAST_WRITE, (stack) => runHoldfast(stack, 'write')],
  [HOLDFAST_MERGE, (stack) => runHoldfast(stack, 'merge')],
]

/** All sides, one after the other; fewer where Redis is missing. */
async function runSides(stack: LocalStack, interrupted: AbortSignal): Promise<readonly Side[]> {
  const sides: Side[] = []
  for (const [description, run] of RUNS) {
    step(description)
    try {
      sides.push(await run(stack))
    } catch (error) {
      if (!(error instanceof RedisMissingError)) throw error
      step(`left out: ${error.message}`)
    }
    interrupted.throwIfAborted()
  }
  return sides
}

await runCommand(() =>
  onLocalStack(async (stack, interrupted) => {
    const sides = await runSides(stack, interrupted)
    const lines = [['', ...sides.map(({ name }) => name)], ...ROWS.map(([label, cell]) => [label, ...sides.map(cell)])]
    console.log(`\n${EXPLANATION}\n\n${table(lines)}\n`)
    compareTimes(sides)
    if (!judge(sides)) process.exitCode = 1
  }),
)
