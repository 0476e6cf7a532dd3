const { TestEnvironment } = require('jest-environment-node')

/** The least bound of a test and of a hook: it ends what hangs, and a slow machine must fail none. */
const TIMEOUT_MIN_MS = 120_000

/** Lets scripts/jest-native.cjs load a package as Node.js does: once for all test files of a process. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    this.global.requireNatively = require
  }

  handleTestEvent({ name }, state) {
    if (name !== 'run_start') return
    state.testTimeout = atLeastMin(state.testTimeout)
    raiseBounds(state.rootDescribeBlock)
  }
}

function raiseBounds({ hooks, children }) {
  for (const each of [...hooks, ...children]) {
    if (each.type === 'describeBlock') raiseBounds(each)
    else if (each.timeout !== undefined) each.timeout = atLeastMin(each.timeout)
  }
}

function atLeastMin(timeoutMs) {
  return Math.max(timeoutMs, TIMEOUT_MIN_MS)
}
