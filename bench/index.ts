import { attributeLocks } from './attribute-locks.js'
import { memory } from './memory.js'
import { open } from './open.js'
import { start } from './start.js'

/** `npm run bench -- <name>`: each benchmark runs both sides of its comparison in one go. */
const BENCHMARKS: { readonly [name: string]: () => Promise<void> } = {
  'attribute-locks': attributeLocks,
  memory,
  open,
  start: () => start(process.env.BENCH_NODE),
}

const name = process.argv[2] ?? ''
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined
if (benchmark === undefined) {
  console.error(`which benchmark? known are: ${Object.keys(BENCHMARKS).join(', ')}`)
  process.exitCode = 1
} else await benchmark()
