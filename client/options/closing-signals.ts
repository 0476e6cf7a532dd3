import { isMainThread } from 'node:worker_threads'
import { InvalidArgumentError } from '../errors/index.js'
import { invalid, shown } from './check.js'

const DEFAULT: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']
/** The signals that end a process that does not listen, and that it can listen to. */
const ENDING: ReadonlySet<unknown> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGBREAK'])

/** The signals at which a client closes. */
export function compileClosingSignals(value: unknown): readonly NodeJS.Signals[] {
  if (value === undefined || value === false) return []
  const given = value === true ? DEFAULT : value
  if (!Array.isArray(given)) throw invalid('closeOnSignals', 'true, false or an array of signals', value)
  const signals = [...new Set(given)]
  const unknown = signals.findIndex((signal) => !ENDING.has(signal))
  if (unknown >= 0) {
    throw new InvalidArgumentError(
      `'closeOnSignals' has ${shown(signals[unknown])}: possible are ${[...ENDING].join(', ')}`,
    )
  }
  if (!isMainThread && signals.length > 0) {
    throw new InvalidArgumentError(
      "'closeOnSignals' is for the main thread: signals do not reach worker threads. Leave it out, and close the client there",
    )
  }
  return signals
}
