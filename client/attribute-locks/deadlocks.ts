import type { DeadlockParty } from '../errors/index.js'
import { isEmpty, type LockRequest, permits } from './lock-request.js'

const NONE: readonly Claimant[] = []

/**
 * One access, as the locks know it: the object itself is the owner. It may lock in several sessions.
 *
 * It carries its own node of the wait-for graph. So a lock that nobody waits for costs the graph nothing, no registry
 * grows with the process, and what is left of an owner goes with it.
 */
export class LockOwner {
  /** What it holds, in sessions where it is not alone. Kept by the locks of the sessions, as `waits` is. */
  holds: readonly Claimant[] = NONE
  waits: readonly Claimant[] = NONE

  /** @param label names the access in errors. */
  constructor(readonly label: string) {}
}

/** One who holds locks in a session, or waits for them there. It waits for those who are ahead and conflict with it. */
export interface Claimant {
  readonly session: Session
  readonly owner: LockOwner
  /** What it holds, or what it still wants. */
  readonly request: LockRequest
  /** Its place in line: lower ones go first, {@link HOLDING} before all. */
  readonly order: number
}

interface Session {
  /** All who wait there. */
  waiting(): Claimant[]
}

export const HOLDING = Number.NEGATIVE_INFINITY

/** Whether two requests of different owners can never be held at the same time. */
export const conflicts = (a: LockRequest, b: LockRequest): boolean =>
  (a.whole === 'exclusive' && !isEmpty(b)) ||
  (b.whole === 'exclusive' && !isEmpty(a)) ||
  a.writes.some((name) => permits(b, name, 'shared')) ||
  b.writes.some((name) => permits(a, name, 'shared'))

export const isBlocking = (ahead: Claimant, behind: Claimant): boolean =>
  ahead.order < behind.order && ahead.owner !== behind.owner && conflicts(ahead.request, behind.request)

/** `wait` stands behind `blocker`, whose owner, for its part, waits as `rest` says, until the start is come to. */
interface Edge {
  readonly wait: Claimant
  readonly blocker: Claimant
  readonly rest: Edge | undefined
}

/**
 * A shortest cycle of waits through `start`, in whatever sessions. An owner goes on only when all its waits are
 * granted and frees its locks only then, so that every cycle is a deadlock.
 *
 * The search asks who waits for `start`, and who for those: as a rule nobody does, however long the queue is that
 * `start` is to join.
 */
export function findCycle(start: LockOwner): readonly DeadlockParty[] | undefined {
  const reached: { readonly owner: LockOwner; readonly edge: Edge | undefined }[] = [{ owner: start, edge: undefined }]
  // Whoever has been reached is not looked at again: a long queue for one attribute costs its length, not the square.
  const unreached = new Map<Session, Claimant[]>()
  for (const { owner, edge } of reached) {
    for (const blocker of [...owner.holds, ...owner.waits]) {
      const waiting = unreached.get(blocker.session) ?? blocker.session.waiting()
      unreached.set(blocker.session, waiting)
      for (const wait of takeBlocked(waiting, blocker)) {
        const next: Edge = { wait, blocker, rest: edge }
        if (wait.owner === start) return describe(next)
        reached.push({ owner: wait.owner, edge: next })
      }
    }
  }
  return undefined
}

/** Takes out of the list, and returns, all that wait for `blocker`. */
function takeBlocked(waiting: Claimant[], blocker: Claimant): readonly Claimant[] {
  const blocked: Claimant[] = []
  let kept = 0
  for (const wait of waiting) {
    if (isBlocking(blocker, wait)) blocked.push(wait)
    else waiting[kept++] = wait
  }
  waiting.length = kept
  return blocked
}

/** The parties of a cycle, from its start on, each with what the dispute is about. */
function describe(first: Edge): readonly DeadlockParty[] {
  const edges: Edge[] = []
  for (let edge: Edge | undefined = first; edge !== undefined; edge = edge.rest) edges.push(edge)
  return edges.map(({ wait, blocker }, i) => {
    const before = edges.at(i - 1) as Edge
    return {
      access: wait.owner.label,
      // One that is merely ahead in the queue holds nothing of what is wanted from it.
      holds: before.blocker.order === HOLDING ? contested(before.wait.request, before.blocker.request) : [],
      waitsFor: contested(wait.request, blocker.request),
    }
  })
}

/** The attributes over which two requests conflict; `*` where both are for the whole session. */
function contested(a: LockRequest, b: LockRequest): readonly string[] {
  if (a.whole === 'exclusive') return b.whole === undefined ? [...b.writes, ...b.reads] : ['*']
  if (b.whole === 'exclusive') return contested(b, a)
  const names = [
    ...a.writes.filter((name) => permits(b, name, 'shared')),
    ...b.writes.filter((name) => permits(a, name, 'shared')),
  ]
  return [...new Set(names)].sort()
}

export const without = (claimants: readonly Claimant[], removed: Claimant): readonly Claimant[] =>
  claimants.filter((claimant) => claimant !== removed)
