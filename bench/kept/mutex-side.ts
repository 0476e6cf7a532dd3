import { Mutex } from 'async-mutex'
import { CookieIds } from '../frame/cookie-ids.js'
import { loop, type Operation } from '../frame/loop.js'
import type { StartSide } from '../frame/side.js'

interface Guarded {
  readonly mutex: Mutex
  count: number
}

/** async-mutex in a process that has loaded nothing of Holdfast. */
export const start: StartSide = async ({ setting }) => {
  const ids = new CookieIds(Number(setting.sessions), 'memory')
  const sessions = new Map(ids.all().map((id): [string, Guarded] => [id, { mutex: new Mutex(), count: 0 }]))
  const next = () => sessions.get(ids.next()) as Guarded
  const operations: Readonly<Record<string, Operation>> = {
    read: () => {
      const session = next()
      return session.mutex.runExclusive(() => session.count)
    },
    write: () => {
      const session = next()
      return session.mutex.runExclusive(() => {
        session.count += 1
      })
    },
  }
  const operation = operations[String(setting.access)]
  if (operation === undefined) throw new Error(`there is no access ${String(setting.access)}`)
  return { round: (length) => loop(length, operation, { isShort: true }), stop: async () => {} }
}
