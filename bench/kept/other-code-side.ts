import { Mutex } from 'async-mutex'
import { loop, type Operation } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'

const AWAITS = 10

/** Code that has nothing to do with Holdfast, in a process that has not loaded it, has, or has made an access. */
export const start: StartSide = async ({ setting }) => {
  if (setting.holdfast !== 'not loaded') {
    const { BenchStore, hold, KEPT } = await import('../store.js')
    const client = new BenchStore().client<{ count: number }>(KEPT)
    if (setting.holdfast === 'after an access') await hold(client, ['session'], () => ({ count: 0 }))
  }
  const mutex = new Mutex()
  const operations: Readonly<Record<string, Operation>> = {
    'ten awaits': async () => {
      for (let done = 0; done < AWAITS; done += 1) await Promise.resolve()
    },
    'async-mutex': () => mutex.runExclusive(() => undefined),
  }
  const operation = operations[String(setting.code)]
  if (operation === undefined) throw new Error(`there is no code ${String(setting.code)}`)
  return { round: (length) => loop(length, operation, { isShort: true }), stop: async () => {} }
}
