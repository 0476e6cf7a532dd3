import { CliStack } from './cli-stack.js'
import { testCommands } from './commands-suite.js'
import { testDoctor } from './doctor-suite.js'
import { testIdKeys } from './id-key-suite.js'
import { testOperating } from './operating-suite.js'

// One stack for all: to start one takes longer than most of these tests.
const suite = new CliStack()

describe('the commands', () => {
  testCommands(suite)
})
describe('a store with a keyed hash', () => {
  testIdKeys(suite)
})
describe('an operator', () => {
  // Its own: it empties Locks, and evicts processes.
  testOperating(new CliStack())
})
describe('doctor', () => {
  testDoctor(suite)
})
