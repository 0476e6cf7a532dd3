import { parseArgs } from 'node:util'
import { runCommand, step } from '../shop/command.js'
import { onLocalStack } from '../shop/on-local-stack.js'
import { comparison, EXPLANATION, isFree, stickyReads } from './comparison.js'
import type { LoadOptions } from './load.js'
import { DOCUMENT_CLIENT, EXPRESS_SESSION, runCompared, runHoldfast, type Side } from './sides.js'

/** `npm run demo`: the same load on Holdfast and on two usual ways to keep sessions, and a table of all three. */
const STICKY_READS_FREE_MIN = 0.9
const OPTION_MAX = 1_000_000

function readOptions(): LoadOptions {
  const { values } = parseArgs({
    options: {
      users: { type: 'string', default: '40' },
      overlap: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '12' },
      'warm-up': { type: 'string', default: '3' },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * OPTION_MAX)) },
    },
  })
  const integer = (name: keyof typeof values): number => {
    const value = Number(values[name])
    if (Number.isInteger(value) && value >= 1 && value <= OPTION_MAX) return value
    throw new RangeError(`--${name} must be an integer from 1 to ${OPTION_MAX}, received '${values[name]}'`)
  }
  return {
    users: integer('users'),
    overlap: integer('overlap'),
    seconds: integer('seconds'),
    warmUpSeconds: integer('warm-up'),
    seed: integer('seed'),
  }
}

/** Whether Holdfast kept its promises; each that it broke is said. */
function judge({ load }: Side): boolean {
  const reads = stickyReads(load)
  const share = reads.filter(isFree).length / Math.max(1, reads.length)
  const isKept = share >= STICKY_READS_FREE_MIN
  if (!isKept) step(`fewer than ${STICKY_READS_FREE_MIN * 100} % of the reads of users who stay needed no network call`)
  if (load.unexplained > 0) step(`${load.unexplained} updates landed twice, or after they had been refused`)
  step(load.lost === 0 ? 'no update was lost' : `${load.lost} updates were lost`)
  return isKept && load.lost === 0 && load.unexplained === 0
}

await runCommand(() => {
  const options = readOptions()
  return onLocalStack(async (stack, interrupted) => {
    const { users, overlap, seconds, warmUpSeconds, seed } = options
    step(`${users} users, ${overlap} windows each, ${warmUpSeconds} + ${seconds} s, seed ${seed}`)
    const ours = await runHoldfast(stack, options, interrupted)
    const sides = [ours]
    for (const compared of [EXPRESS_SESSION, DOCUMENT_CLIENT]) {
      step(`the same load on ${compared.description}`)
      sides.push(await runCompared(stack, compared, options, interrupted))
    }
    console.log(`\n${EXPLANATION}\n\n${comparison(sides)}\n`)
    if (!judge(ours)) process.exitCode = 1
  })
})
