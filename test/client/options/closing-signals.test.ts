import { compileOptions } from '../../../client/options/client-options.js'
import { compileClosingSignals } from '../../../client/options/closing-signals.js'

let isMainThread = true
jest.mock('node:worker_threads', () => ({
  ...jest.requireActual<object>('node:worker_threads'),
  get isMainThread() {
    return isMainThread
  },
}))
afterEach(() => {
  isMainThread = true
})

const POSSIBLE = 'SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2, SIGBREAK'

test.each([
  [undefined, []],
  [false, []],
  [[], []],
  [true, ['SIGTERM', 'SIGINT']],
  [['SIGUSR2'], ['SIGUSR2']],
  [['SIGTERM', 'SIGTERM'], ['SIGTERM']],
])('closeOnSignals %j stands for %j', (value, signals) => {
  expect(compileClosingSignals(value)).toEqual(signals)
})

test('a later change to the array changes nothing', () => {
  const given: NodeJS.Signals[] = ['SIGTERM']
  const config = { url: 'wss://a.example/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
  const { closingSignals } = compileOptions({ config, namespace: 'shop', closeOnSignals: given }, {})
  given.push('SIGINT')
  expect(closingSignals).toEqual(['SIGTERM'])
})

test.each([
  ['SIGTERM', `'closeOnSignals' must be true, false or an array of signals, received 'SIGTERM'`],
  [null, `'closeOnSignals' must be true, false or an array of signals, received null`],
  [1, `'closeOnSignals' must be true, false or an array of signals, received 1`],
  // It cannot be listened to.
  [['SIGTERM', 'SIGKILL'], `'closeOnSignals' has 'SIGKILL': possible are ${POSSIBLE}`],
  // It ends no process.
  [['SIGWINCH'], `'closeOnSignals' has 'SIGWINCH': possible are ${POSSIBLE}`],
  // It starts the debugger.
  [['SIGUSR1'], `'closeOnSignals' has 'SIGUSR1': possible are ${POSSIBLE}`],
  [['sigterm'], `'closeOnSignals' has 'sigterm': possible are ${POSSIBLE}`],
  [[15], `'closeOnSignals' has 15: possible are ${POSSIBLE}`],
  [Array(1), `'closeOnSignals' has undefined: possible are ${POSSIBLE}`],
])('closeOnSignals %j is refused', (value, message) => {
  expect(() => compileClosingSignals(value)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }))
})

test('a worker thread, which gets no signals, is told so', () => {
  isMainThread = false
  expect(() => compileClosingSignals(true)).toThrow('signals do not reach worker threads')
  expect(compileClosingSignals(false)).toEqual([])
  expect(compileClosingSignals([])).toEqual([])
})
