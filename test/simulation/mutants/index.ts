import { ACCESS_MUTANTS } from './accesses.js'
import { ANSWER_MUTANTS } from './answers.js'
import { CALL_MUTANTS } from './calls.js'
import { DAYS_MUTANTS } from './days.js'
import { HTTPS_MUTANTS } from './https.js'
import { LEASE_MUTANTS } from './lease.js'
import { LEFTOVER_MUTANTS } from './leftovers.js'
import { LIVING_MUTANTS } from './living.js'
import type { Mutant } from './mutant.js'
import { QUEUE_MUTANTS } from './queue.js'
import { REASON_MUTANTS } from './reasons.js'
import { REMEMBERED_MUTANTS } from './remembered.js'
import { SESSION_MUTANTS } from './sessions.js'
import { SLEEP_MUTANTS } from './sleep.js'
import { STATE_MUTANTS } from './state.js'
import { THROTTLED_MUTANTS } from './throttled.js'
import { TOLD_MUTANTS } from './told.js'
import { TURN_MUTANTS } from './turns.js'
import { WORKER_MUTANTS } from './workers.js'

/**
 * Bugs to plant: the simulation must find every one. Among them is the opposite of each rule that the protocol cannot do
 * without.
 */
export const MUTANTS: readonly Mutant[] = [
  ...ACCESS_MUTANTS,
  ...STATE_MUTANTS,
  ...LEASE_MUTANTS,
  ...SLEEP_MUTANTS,
  ...QUEUE_MUTANTS,
  ...REMEMBERED_MUTANTS,
  ...ANSWER_MUTANTS,
  ...CALL_MUTANTS,
  ...SESSION_MUTANTS,
  ...LEFTOVER_MUTANTS,
  ...WORKER_MUTANTS,
  ...REASON_MUTANTS,
  ...TOLD_MUTANTS,
  ...DAYS_MUTANTS,
  ...LIVING_MUTANTS,
  ...THROTTLED_MUTANTS,
  ...TURN_MUTANTS,
  ...HTTPS_MUTANTS,
]
