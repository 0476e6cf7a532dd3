/** A process's reactions to the store's messages about one session, decided from the process's own belief. */

/** The process's view of a session at this moment. */
export interface Belief {
  /** The grant it holds or has just sent a release for. */
  readonly hold: { readonly epoch: number; readonly r: number; readonly releasing: boolean } | undefined
  /** The r of a request that was sent and not yet granted. */
  readonly outstanding: number | undefined
}

/** `drop`: stop using the hold at once. The other fields are messages to send. */
export interface Reaction {
  readonly kind: 'accept' | 'drop' | 'drain' | 'askedAtBirth' | 'stay'
  readonly release?: { readonly epoch: number; readonly r: number }
  readonly cancel?: { readonly r: number }
}

const STAY: Reaction = { kind: 'stay' }

/**
 * At most one grant is accepted per r. A grant that was not asked for is given back, unless it is the one held or being
 * released. A timer repeats that release; another would only make the store tell the next holder once more, which would
 * answer in turn.
 */
export function onGranted(
  { hold, outstanding }: Belief,
  grant: { readonly r: number; readonly epoch: number },
): Reaction {
  if (grant.r === outstanding) return { kind: 'accept' }
  if (hold?.epoch === grant.epoch) return STAY
  const release = { epoch: grant.epoch, r: grant.r }
  return { kind: hold !== undefined && grant.epoch > hold.epoch ? 'drop' : 'stay', release }
}

/**
 * A place in the queue is given up if nobody waits for it. The one exception is a grant that overtook the answer to
 * its own acquire: cancelling it would give the lock away.
 */
export function onQueued({ hold, outstanding }: Belief, queued: { readonly r: number }): Reaction {
  if (queued.r === outstanding || queued.r === hold?.r) return STAY
  return { kind: 'stay', cancel: { r: queued.r } }
}

/**
 * A revoke never releases a lock that is still being asked for: it may have overtaken its grant, so the grant is marked
 * instead. A hold that is being released needs no new answer, since a timer repeats its release.
 */
export function onRevoke({ hold, outstanding }: Belief, epoch: number): Reaction {
  if (hold !== undefined) {
    if (epoch === hold.epoch) return hold.releasing ? STAY : { kind: 'drain' }
    return { kind: epoch > hold.epoch ? 'drop' : 'stay', release: { epoch, r: hold.r } }
  }
  if (outstanding !== undefined) return { kind: 'askedAtBirth' }
  return { kind: 'stay', release: { epoch, r: 1 } }
}

/** The store took the lock back. A message about an older epoch changes nothing. */
export const onLost = ({ hold }: Belief, epoch: number): Reaction =>
  hold !== undefined && epoch >= hold.epoch ? { kind: 'drop' } : STAY
