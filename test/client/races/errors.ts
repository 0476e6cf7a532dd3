import { HoldfastError, type SessionLostError, type SessionMissingError } from '../../../client/errors/index.js'
import type { Act, Deed } from './plan.js'
import type { RaceState } from './race-state.js'
import { PlannedFailure } from './visit.js'

/** Whether this situation allows a call to end with that error. */
export function isAllowed(error: unknown, act: Act, race: RaceState, client: number, deed?: Deed): boolean {
  const { plan } = race
  const deeds = 'deeds' in act ? act.deeds : []
  const acts = plan.actors.flatMap((actor) => actor.acts)
  if (error instanceof PlannedFailure) return deeds.some(({ kind }) => kind === 'fail')
  if (!(error instanceof HoldfastError)) return false
  const hasTime =
    (deed?.kind === 'lock' ? deed.timeoutMs : undefined) ?? ('timeoutMs' in act ? act.timeoutMs : undefined)
  switch (error.code) {
    case 'WAIT_TIMEOUT':
      return hasTime !== undefined
    case 'ABORTED':
      return 'isAborted' in act && act.isAborted
    case 'CLOSED':
      return race.closed.has(client)
    case 'SESSION_MISSING':
      return (
        ('ifMissing' in act && act.ifMissing === 'fail') || isDestroyedHere(error as SessionMissingError, race, client)
      )
    case 'DEADLOCK':
      return acts.some(
        (each) => 'deeds' in each && each.deeds.some(({ kind }) => kind === 'lock' || kind === 'tryLock'),
      )
    case 'ACCESS_ENDED':
      return deed?.kind === 'lock' && !deed.isAwaited
    case 'UNREACHABLE':
      // A store that was out of reach for long is not waited for.
      return plan.writes.some((fate) => fate !== 'ok') || hasTime !== undefined || plan.troubles.length > 0
    case 'COMMIT_UNKNOWN':
      return plan.writes.some((fate) => fate !== 'ok')
    case 'PARTIAL_COMMIT':
      return 'sessions' in act && act.sessions.length > 1
    case 'SESSION_LOST':
      return isPossible(error as SessionLostError, race)
    default:
      return false
  }
}

/** An access that waits in the process that destroys the session is told so, whatever its ifMissing. */
const isDestroyedHere = ({ reason }: SessionMissingError, { plan }: RaceState, client: number): boolean =>
  reason === 'destroyed' &&
  plan.actors.some(
    (actor) => actor.client % plan.clients === client && actor.acts.some(({ kind }) => kind === 'destroy'),
  )

function isPossible({ reason }: SessionLostError, { plan }: RaceState): boolean {
  switch (reason) {
    case 'expired':
      return false
    case 'destroyed':
      return plan.actors.some(({ acts }) => acts.some(({ kind }) => kind === 'destroy'))
    case 'evicted':
      return plan.troubles.some(({ kind }) => kind === 'evict')
    default:
      return true
  }
}
