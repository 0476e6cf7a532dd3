// The files that take longest begin first: one that began last would go on alone, and leave a core without work. Jest knows
// how long a file took only where it ran before; on a fresh clone it begins with the largest, and these are small.
const { default: Sequencer } = require('@jest/test-sequencer')

const LONG = [
  'test/house/package.test.ts',
  'test/cli/on-a-stack.test.ts',
  'test/house/site.test.ts',
  'test/e2e/inspector.test.ts',
  'test/cli/bench.test.ts',
  'test/cli/demo.test.ts',
  'test/cli/restore.test.ts',
  'test/cli/canary.test.ts',
  'test/e2e/increments.test.ts',
  'test/e2e/https.test.ts',
  'test/e2e/connect.test.ts',
  'test/e2e/costs.test.ts',
  'test/examples/before-after.test.ts',
  'test/simulation/simulation.test.ts',
  'test/simulation/executed.test.ts',
  'test/simulation/storm/storm.test.ts',
]
const rank = ({ path }) => {
  const index = LONG.findIndex((file) => path.endsWith(`/${file}`))
  return index === -1 ? LONG.length : index
}

module.exports = class extends Sequencer {
  static LONG = LONG

  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b))
  }
}
