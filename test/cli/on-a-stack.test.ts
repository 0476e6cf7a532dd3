import { CliStack } from './cli-stack.js'
import { testCommands } from './commands-suite.js'
import { testDoctor } from './doctor-suite.js'

// One stack for all: to start one takes longer than most of these tests.
const suite = new CliStack()

describe('the commands', () => {
  testCommands(suite)
})
describe('doctor', () => {
  testDoctor(suite)
})
