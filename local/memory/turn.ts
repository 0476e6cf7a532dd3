import * as timers from 'node:timers'
import { promisify } from 'node:util'
import { MessageChannel } from 'node:worker_threads'

/**
 * Timers that test runners have not replaced. They are taken when this file is loaded. Jest later replaces only the
 * timers of the global object; Vitest and `node:test` also replace the timers of `node:timers`.
 */
export const { setTimeout: realSetTimeout, clearTimeout: realClearTimeout, setImmediate: realSetImmediate } = timers

const isReal = (timer: object): boolean => Object.hasOwn(timer, promisify.custom) && !Object.hasOwn(timer, 'clock')

/** False where this file was loaded while a test runner had replaced the timers. */
export const hasRealTimers: boolean = isReal(realSetTimeout) && isReal(realSetImmediate)

/**
 * Waits for one turn of the event loop. It comes when no microtask is left: by then, all work that needs only promises
 * has ended or waits for something else.
 */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    if (hasRealTimers) realSetImmediate(resolve)
    else turnByMessage(resolve)
  })

/**
 * Twenty times as slow, but no test runner replaces it. The channel is closed, because an open one would keep the
 * global object in memory.
 */
function turnByMessage(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.once('message', () => {
    port1.close()
    resolve()
  })
  port2.postMessage(undefined)
}
