import type { Cloud } from './cloud.js'
import type { Database } from './database.js'
import type { FaultCounts } from './faults.js'
import type { History } from './history.js'
import type { Machine } from './machine.js'
import type { Server } from './server.js'
import type { SleepWatch } from './sleep-watch.js'

interface Parts {
  readonly cloud: Cloud
  readonly database: Database
  readonly history: History
  readonly counts: FaultCounts
  readonly sleep: SleepWatch
  readonly serverOf: (machine: Machine) => Server | undefined
}

/** Tells the judges what happens in the cloud and in the tables. */
export function wireJudges({ cloud, database, history, counts, sleep, serverOf }: Parts): void {
  const { locks } = history
  database.onRemoved = (key) => locks.removed(key, (id) => cloud.isConnected(id))
  locks.hasCancelled = (lock, seat) => cloud.cancelled.has(lock, seat)
  locks.mayEvict = () => counts.mayKeepAsks
  cloud.onGranted = (grant, wallMs) => locks.granted(grant, wallMs)
  cloud.onSilence = (p, message) => locks.silent(p, message)
  cloud.onSent = (p, message, connection) => {
    history.quiet?.sent(p, message)
    if (connection !== undefined) sleep.sent(p, message, connection, serverOf(connection.owner)?.processId)
  }
  cloud.onHearing = (owner, p, message) => {
    history.quiet?.hears(p, message)
    return serverOf(owner)?.hearing(p, message)
  }
  cloud.onWelcome = (owner, said) => serverOf(owner)?.checkRepeated(said)
  cloud.exchanges.onAnswered = (exchange) => history.answered(exchange)
}
