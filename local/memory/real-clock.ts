import { performance } from 'node:perf_hooks'
import type { Clock } from '../../client/ports.js'
import { realClearTimeout, realSetTimeout } from './turn.js'

/** The machine's clock, which fake timers of a test runner neither stop nor move. */
export const realClock: Clock = {
  wallMs: () => Math.floor(performance.timeOrigin + performance.now()),
  monotonicMs: () => performance.now(),
  after(ms, fire, kind) {
    const timer = realSetTimeout(fire, ms)
    if (kind === 'background') timer.unref()
    return { cancel: () => realClearTimeout(timer) }
  },
}
