import * as timers from 'node:timers'
import { promisify } from 'node:util'
import { MessageChannel } from 'node:worker_threads'

/**
 * Timers that test runners have not replaced. They are taken when this file is loaded: Jest replaces those of the global
 * object only, Vitest and `node:test` those of `node:timers` as well, for everybody who asks later.
 */
export const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = timers

const isReal = (timer: object): boolean => Object.hasOwn(timer, promisify.custom) && !Object.hasOwn(timer, 'clock')

/** False where this file was loaded while a test runner had replaced the timers. */
export const hasRealTimers: boolean = isReal(realSetTimeout) && isReal(realSetImmediate)

/**
 * One turn of the event loop. It comes when no microtask is left: everything that goes on by promises alone has come to
 * rest by then.
 */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (hasRealTimers) realSetImmediate(resolve)
    else turnByMessage(resolve)
  })

/** Twenty times as slow, and replaced by nobody. The channel is closed: an open one would keep the global object. */
function turnByMessage(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.once('message', () => {
    port1.close()
    resolve()
  })
  port2.postMessage(undefined)
}
