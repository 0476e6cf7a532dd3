// For mutation testing: once a test has failed, the mutant is found, and nothing else of its run is executed or loaded.
// Jest's own `bail` does not work under Stryker. Without this a mutant that a unit test finds at once would still run all
// other suites that reach it, and often hang in one.
const { default: circus } = require('jest-circus/runner')
const { createEmptyTestResult } = require('@jest/test-result')

const ACTIVE_MUTANT = '__STRYKER_ACTIVE_MUTANT__'

/** The mutant that was found last. This module stays loaded from one run to the next. */
let found

module.exports = async (globalConfig, config, environment, runtime, testPath, sendMessage) => {
  const mutant = process.env[ACTIVE_MUTANT]
  if (mutant === undefined) return circus(globalConfig, config, environment, runtime, testPath, sendMessage)
  if (mutant === found) return skipped(testPath)
  const handle = environment.handleTestEvent?.bind(environment)
  environment.handleTestEvent = async (event, state) => {
    if (event.name === 'test_start' && mutant === found) event.test.mode = 'skip'
    if (event.name === 'test_done' && event.test.errors.length > 0) found = mutant
    await handle?.(event, state)
  }
  return circus(globalConfig, config, environment, runtime, testPath, sendMessage)
}

/** The result of a suite that was not loaded. Jest takes a suite without any test for an error. */
function skipped(testFilePath) {
  const title = 'is skipped, since the mutant is found'
  const test = { ancestorTitles: [], failureDetails: [], failureMessages: [], numPassingAsserts: 0, status: 'pending' }
  return {
    ...createEmptyTestResult(),
    numPendingTests: 1,
    testFilePath,
    testResults: [{ ...test, fullName: title, title }],
  }
}
