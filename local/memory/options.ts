import { InvalidArgumentError } from '../../client/errors/index.js'
import { checkKeys, invalid, type Keys } from '../../client/options/check.js'
import { compileTiming, type Timing } from '../../protocol/timing.js'
import { compileQuotas, type Quotas } from '../gateway/quotas.js'
import type { FunctionLogLine } from '../lambda/execution-environment.js'
import { hasRealTimers } from './turn.js'

/** Options of {@link createMemoryStack}. */
export interface MemoryStackOptions {
  /**
   * `real`: time passes by itself, and fake timers of a test runner do not stop it. `virtual`: time stands still until
   * {@link MemoryStack.advance} lets it pass.
   * @default 'real'
   */
  readonly clock?: 'real' | 'virtual'
  /**
   * The times of the lock protocol, in milliseconds, such as `{ leaseMs: 6_000 }`.
   * @default - those of a deployment
   */
  readonly timing?: Partial<Timing>
  /**
   * The quotas of an AWS account, as for {@link startLocalStack}.
   * @default - none: nothing is throttled
   */
  readonly quotas?: 'account' | Quotas
  /**
   * Called with each line that the functions write to their logs. `functionId` is `connection`, `grant` or `release`.
   * @default - the lines are discarded
   */
  readonly onLog?: (line: FunctionLogLine) => void
}

export interface CompiledOptions {
  readonly isVirtual: boolean
  readonly timing: Timing
  readonly quotas: Quotas | undefined
  readonly onLog: (line: FunctionLogLine) => void
}

const KEYS: Keys<MemoryStackOptions> = { clock: true, timing: true, quotas: true, onLog: true }

/** Completes the options with their defaults. Throws an InvalidArgumentError that names the option at fault. */
export function compileOptions(options: MemoryStackOptions): CompiledOptions {
  checkKeys(options, KEYS, 'createMemoryStack')
  const { clock = 'real', timing = {}, onLog = () => {} } = options
  if (clock !== 'real' && clock !== 'virtual') throw invalid('clock', "'real' or 'virtual'", clock)
  if (typeof timing !== 'object' || timing === null) throw invalid('timing', 'an object of milliseconds', timing)
  if (typeof onLog !== 'function') throw invalid('onLog', 'a function', onLog)
  if (clock === 'real' && !hasRealTimers) {
    throw new InvalidArgumentError(
      "fake timers were at work when holdfast/testing was loaded: import it before, or use clock: 'virtual'",
    )
  }
  return { isVirtual: clock === 'virtual', timing: compiled(timing), quotas: compileQuotas(options.quotas), onLog }
}

function compiled(timing: Partial<Timing>): Timing {
  try {
    return compileTiming(timing)
  } catch (cause) {
    throw new InvalidArgumentError(`'timing': ${(cause as Error).message}`, { cause })
  }
}
