import { ALONE, Lane, type LaneUse, NOTHING, READ, type Waiter, WRITE } from './lane.js'
import type { LockRequest } from './lock-request.js'

/** Lanes that may be kept for reuse, however few are in use. */
const SPARE_LANES = 16

/**
 * The waiting lines of one session: one lane for each thing that a request can lock. Two requests conflict if and only
 * if their uses conflict in at least one lane.
 *
 * | lane                  | READ              | WRITE                    | ALONE                                    |
 * |-----------------------|-------------------|--------------------------|------------------------------------------|
 * | the session           | every request     |                          | the whole, exclusive                     |
 * | its contents at large | the whole, shared | any attribute, exclusive | the whole, shared, and some exclusive    |
 * | one attribute         | shared            |                          | exclusive                                |
 */
export class Lanes {
  private readonly session = new Lane()
  private readonly contents = new Lane()
  /** Lanes in use, and some empty ones: a map that loses and regains one name again and again becomes slow. */
  private readonly attributes = new Map<string, Lane>()
  private spare = 0

  /** Whether the request, as the last in line, would conflict neither with a holder nor with a ticket in line. */
  admits(request: LockRequest): boolean {
    const contents = useOfContents(request)
    if (!this.session.admits(useOfSession(request))) return false
    if (contents !== NOTHING && !this.contents.admits(contents)) return false
    for (const name of request.writes) if (this.attributes.get(name)?.admits(ALONE) === false) return false
    for (const name of request.reads) if (this.attributes.get(name)?.admits(READ) === false) return false
    return true
  }

  /** Adds the uses of a holder that was admitted, or that stood in line with the same uses. */
  add(request: LockRequest): void {
    this.visit(request, (lane, use) => lane.add(use))
  }

  /** Removes the uses of a holder or of a ticket that overtook, and lets pass the tickets that only they blocked. */
  remove(request: LockRequest): void {
    this.visit(request, (lane, use) => {
      lane.remove(use)
      this.settle(lane)
    })
  }

  /** Adds uses ahead of everybody in line. */
  overtake(request: LockRequest): void {
    this.visit(request, (lane, use) => lane.overtake(use))
  }

  join(waiter: Waiter, request: LockRequest): void {
    this.visit(request, (lane, use) => lane.join(waiter, use))
  }

  /** Takes a ticket that nothing blocks out of line. Its uses stay, for the holder that it becomes. */
  pass(waiter: Waiter): void {
    for (let { places: place } = waiter; place !== undefined; place = place.sibling) place.lane.unlink(place)
  }

  /** Takes a ticket out of line, with its uses. */
  leave(waiter: Waiter): void {
    for (let { places: place } = waiter; place !== undefined; place = place.sibling) {
      place.lane.unlink(place)
      if (place.stands) place.lane.remove(place.use)
      this.settle(place.lane)
    }
  }

  private visit(request: LockRequest, visitor: (lane: Lane, use: LaneUse) => void): void {
    const contents = useOfContents(request)
    visitor(this.session, useOfSession(request))
    if (contents !== NOTHING) visitor(this.contents, contents)
    for (const name of request.writes) visitor(this.laneOf(name), ALONE)
    for (const name of request.reads) visitor(this.laneOf(name), READ)
  }

  private laneOf(name: string): Lane {
    let lane = this.attributes.get(name)
    if (lane === undefined) {
      lane = new Lane()
      this.attributes.set(name, lane)
    } else if (lane.isEmpty) this.spare--
    return lane
  }

  private settle(lane: Lane): void {
    lane.advance()
    if (!lane.isEmpty || lane === this.session || lane === this.contents) return
    this.spare++
    if (this.spare <= SPARE_LANES || this.spare <= this.attributes.size / 2) return
    for (const [name, other] of this.attributes) if (other.isEmpty) this.attributes.delete(name)
    this.spare = 0
  }
}

const useOfSession = ({ whole }: LockRequest): LaneUse => (whole === 'exclusive' ? ALONE : READ)

function useOfContents({ whole, writes }: LockRequest): LaneUse {
  // Alone in the session's lane, it conflicts with every request already.
  if (whole === 'exclusive') return NOTHING
  if (writes.length === 0) return whole === 'shared' ? READ : NOTHING
  return whole === 'shared' ? ALONE : WRITE
}
