import type { Timing } from '../../protocol/timing.js'
import type { Random } from '../support/random.js'
import type { SuspensionPoints } from './crashes.js'
import type { Database } from './database.js'
import type { ExecutedCounts } from './executed.js'
import type { FaultCounts, Faults } from './faults.js'
import type { Timeline } from './timeline.js'

/** The parts of a run that the cloud, its network and its functions share. */
export interface CloudWorld {
  readonly timeline: Timeline
  readonly random: Random
  readonly timing: Timing
  readonly database: Database
  readonly faults: () => Faults
  readonly counts: FaultCounts
  readonly executed: ExecutedCounts
  readonly points: SuspensionPoints
}
