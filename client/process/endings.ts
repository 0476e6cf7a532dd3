import { type LossReason, SessionLostError } from '../errors/index.js'

/** Why a process id's life ends. */
export interface Ending {
  readonly reason: LossReason
  readonly explanation: string
}

export const EVICTED: Ending = {
  reason: 'evicted',
  explanation: 'the store took back what this process held, and knows it no longer',
}
export const OUTLIVED: Ending = {
  reason: 'evicted',
  explanation: 'an operator has declared all locks void, by a new incarnation of the Locks table',
}
export const COPIED: Ending = {
  reason: 'evicted',
  explanation: 'another process goes under the same id, as a copy of this one',
}
export const STOOD_STILL: Ending = {
  reason: 'leaseExpired',
  explanation: 'this process stood still until its lease was over: it was paused, or its loop blocked',
}
export const CLOSED: Ending = { reason: 'leaseExpired', explanation: 'this client was closed' }

export const outOfReach = (silence: string): Ending => ({
  reason: 'unreachable',
  explanation: `the store was out of reach until the lease was over: ${silence}`,
})

export const lossBy = ({ reason, explanation }: Ending): SessionLostError => new SessionLostError(reason, explanation)
