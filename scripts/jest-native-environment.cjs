const { AsyncLocalStorage } = require('node:async_hooks')
const { TestEnvironment } = require('jest-environment-node')

/** The least bound of a test and of a hook: it ends what hangs, and a slow machine must fail none. */
const TIMEOUT_MIN_MS = 120_000

/**
 * The storages that this test file has used. Each test file loads its own modules, with storages of their own, and Node.js
 * looks at every storage that was ever used whenever a promise is made: with 100 of them a promise takes 40 times as long.
 */
const used = new Set()
for (const name of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[name]
  AsyncLocalStorage.prototype[name] = function (...args) {
    used.add(this)
    return Reflect.apply(original, this, args)
  }
}

/** Lets scripts/jest-native.cjs load a package as Node.js does: once for all test files of a process. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    this.global.requireNatively = require
  }

  async teardown() {
    await super.teardown()
    for (const storage of used) storage.disable()
    used.clear()
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
