import type { DeadlockParty } from './errors.js'
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
  claimants(): Claimant[]
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

interface Step {
  readonly owner: LockOwner
  /** How the search came here: `wait`, of the step before, stands behind `blocker`. */
  readonly via: { readonly from: Step; readonly wait: Claimant; readonly blocker: Claimant } | undefined
}

/**
 * A shortest cycle of waits through `start`, in whatever sessions. An owner goes on only when all its waits are
 * granted and frees its locks only then, so that every cycle is a deadlock.
 */
export function findCycle(start: LockOwner): readonly DeadlockParty[] | undefined {
  const steps: Step[] = [{ owner: start, via: undefined }]
  // A claimant is looked at until it turns out to block somebody, once: a long queue for one attribute would cost the
  // square of its length otherwise.
  const unseen = new Map<Session, Claimant[]>()
  for (const from of steps) {
    for (const wait of from.owner.waits) {
      const claimants = unseen.get(wait.session) ?? wait.session.claimants()
      unseen.set(wait.session, claimants)
      for (const blocker of takeBlockers(wait, claimants)) {
        const step = { owner: blocker.owner, via: { from, wait, blocker } }
        if (blocker.owner === start) return describe(step)
        steps.push(step)
      }
    }
  }
  return undefined
}

/** Takes out of the list, and returns, whatever `wait` waits for. */
function takeBlockers(wait: Claimant, claimants: Claimant[]): readonly Claimant[] {
  const blockers: Claimant[] = []
  let kept = 0
  for (const claimant of claimants) {
    if (isBlocking(claimant, wait)) blockers.push(claimant)
    else claimants[kept++] = claimant
  }
  claimants.length = kept
  return blockers
}

/** The parties of the cycle that ends with `last`, from its start on, each with what the dispute is about. */
function describe(last: Step): readonly DeadlockParty[] {
  const edges: NonNullable<Step['via']>[] = []
  for (let { via } = last; via !== undefined; via = via.from.via) edges.unshift(via)
  return edges.map(({ from, wait, blocker }, i) => {
    const before = edges.at(i - 1) as NonNullable<Step['via']>
    return {
      access: from.owner.label,
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
