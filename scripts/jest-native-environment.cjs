const { TestEnvironment } = require('jest-environment-node')

/** Lets scripts/jest-native.cjs load a package as Node.js does: once for all test files of a process. */
module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    this.global.requireNatively = require
  }
}
