import type { DeadlockParty } from '../errors/index.js'
import { isEmpty, type LockRequest, permits } from './lock-request.js'

const NONE: readonly LockParty[] = []

/**
 * One access, as the locks know it: the object itself is the owner. It may lock in several sessions.
 *
 * It carries its own node of the wait-for graph. So a lock that nobody waits for costs the graph nothing, no registry
 * grows with the process, and nothing of an owner stays after it.
 */
export class LockOwner {
  /** Its locks in sessions where it is not alone. The sessions' locks keep this list, and `waits`. */
  holds: readonly LockParty[] = NONE
  waits: readonly LockParty[] = NONE

  /** @param label names the access in errors. */
  constructor(readonly label: string) {}
}

/** A holder of locks in one session, or a ticket that waits there: for all who are ahead of it and conflict with it. */
export interface LockParty {
  readonly scope: LockScope
  readonly owner: LockOwner
  /** The locks that it holds, or still wants. */
  readonly request: LockRequest
  /** Names it in errors. */
  readonly label: string
  /** Its place in line: lower ones go first, {@link HOLDER_ORDER} before all. */
  readonly order: number
}

/** The locks of one session, as deadlocks span them. */
export interface LockScope {
  /** All tickets that wait here. The list is the caller's to change. */
  waiting(): LockParty[]
}

export const HOLDER_ORDER = Number.NEGATIVE_INFINITY

/** Whether two requests of different owners can never be held at the same time. */
export const conflicts = (a: LockRequest, b: LockRequest): boolean =>
  (a.whole === 'exclusive' && !isEmpty(b)) ||
  (b.whole === 'exclusive' && !isEmpty(a)) ||
  a.writes.some((name) => permits(b, name, 'shared')) ||
  b.writes.some((name) => permits(a, name, 'shared'))

export const isBlocking = (ahead: LockParty, behind: LockParty): boolean =>
  ahead.order < behind.order && ahead.owner !== behind.owner && conflicts(ahead.request, behind.request)

/** One step of a path to the start: `wait` stands behind `blocker`, and the owner of `blocker` waits as `rest` says. */
interface Edge {
  readonly wait: LockParty
  readonly blocker: LockParty
  readonly rest: Edge | undefined
}

/**
 * A shortest cycle of waits through `start`, across all sessions. An owner goes on only when all its waits are granted,
 * and frees its locks only then. So every cycle is a deadlock.
 *
 * The search begins with those who wait for `start` and goes on with those who wait for them. As a rule nobody waits for
 * `start`, so a long queue that it is about to join costs nothing.
 */
export function findCycle(start: LockOwner): readonly DeadlockParty[] | undefined {
  const reached: { readonly owner: LockOwner; readonly edge: Edge | undefined }[] = [{ owner: start, edge: undefined }]
  // A ticket that was reached is not looked at again: a long queue for one attribute costs its length, not the square.
  const unreached = new Map<LockScope, LockParty[]>()
  for (const { owner, edge } of reached) {
    for (const blocker of [...owner.holds, ...owner.waits]) {
      const waiting = unreached.get(blocker.scope) ?? blocker.scope.waiting()
      unreached.set(blocker.scope, waiting)
      for (const wait of takeBlocked(waiting, blocker)) {
        const next: Edge = { wait, blocker, rest: edge }
        if (wait.owner === start) return describe(next)
        reached.push({ owner: wait.owner, edge: next })
      }
    }
  }
  return undefined
}

/** Takes all tickets that wait for `blocker` out of the list, and returns them. */
function takeBlocked(waiting: LockParty[], blocker: LockParty): readonly LockParty[] {
  const blocked: LockParty[] = []
  let kept = 0
  for (const wait of waiting) {
    if (isBlocking(blocker, wait)) blocked.push(wait)
    else waiting[kept++] = wait
  }
  waiting.length = kept
  return blocked
}

/** The parties of a cycle, from its start on, each with the attributes in dispute. */
function describe(first: Edge): readonly DeadlockParty[] {
  const edges: Edge[] = []
  for (let edge: Edge | undefined = first; edge !== undefined; edge = edge.rest) edges.push(edge)
  return edges.map(({ wait, blocker }, i) => {
    const before = edges.at(i - 1) as Edge
    return {
      access: wait.label,
      // A party that is only ahead in the queue holds none of the attributes that others want.
      holds: before.blocker.order === HOLDER_ORDER ? contested(before.wait.request, before.blocker.request) : [],
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

export const without = (parties: readonly LockParty[], removed: LockParty): readonly LockParty[] =>
  parties.filter((party) => party !== removed)
