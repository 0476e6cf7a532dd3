import { nudgePeriodMaxMs, nudgePeriodMs, type Timing } from '../timing.js'

/** A process that cannot be told of its grant nudges so much sooner. */
const POLLS_PER_NUDGE = 8
/** While a hold goes on, it waits for this share of the time since the holder was asked: it is late by that share at most. */
const POLL_SHARE = 1 / 4

/** How a process waits: it is told of its grant by a push, or it must look for itself. */
export interface Waiting {
  readonly position: number
  /** The request was repeated. */
  readonly nudged: boolean
  /** Of a process that must look for itself: how long ago the holder was asked. */
  readonly askedForMs: number | undefined
}

/** How long a waiter waits before it nudges. Polls become rarer while a hold goes on, and never rarer than nudges. */
export function waitingPeriodMs(timing: Timing, { position, nudged, askedForMs }: Waiting): number {
  if (askedForMs === undefined) return nudgePeriodMs(timing, position, nudged)
  const leastMs = nudgePeriodMs(timing, position, false) / POLLS_PER_NUDGE
  return Math.min(Math.max(leastMs, askedForMs * POLL_SHARE), nudgePeriodMaxMs(timing))
}
