import { invariant } from '../../protocol/assert.js'

/** How a request uses a lane: two bits. Readers go together, writers go together, nothing else does. */
export type LaneUse = 0 | 1 | 2 | 3
export const NOTHING = 0
export const READ = 1
export const WRITE = 2
export const ALONE = 3

/** A ticket in line. It may be granted when no lane blocks it. */
export interface Waiter {
  /** The number of lanes that block it. The lanes keep this, and `places`. */
  blockedIn: number
  /** The first of its places, which are chained. */
  places: Place | undefined
  /** Called when the last lane lets it pass. */
  unblocked(): void
}

/** Where a ticket stands in one lane. */
export interface Place {
  readonly waiter: Waiter
  readonly lane: Lane
  readonly use: LaneUse
  /** The next place of the same ticket, in another lane. */
  readonly sibling: Place | undefined
  stands: boolean
  previous: Place | undefined
  next: Place | undefined
}

/**
 * One lane: the uses of those who hold or go ahead, then a line of places. The use of a place *stands* from the moment
 * when nothing ahead conflicts with it, even while its ticket is blocked in another lane: those behind must not
 * overtake it.
 *
 * Every place behind a blocked one is blocked as well, by that one or by its blocker. So the line is a part that stands
 * and then a part that is blocked, and a change costs only the places that cross from one part to the other.
 */
export class Lane {
  private readers = 0
  private writers = 0
  private first: Place | undefined = undefined
  private last: Place | undefined = undefined
  private firstBlocked: Place | undefined = undefined

  get isEmpty(): boolean {
    return this.readers === 0 && this.writers === 0 && this.first === undefined
  }

  /** Whether a use at the end of the line would stand. */
  admits(use: LaneUse): boolean {
    return this.firstBlocked === undefined && this.fits(use)
  }

  add(use: LaneUse): void {
    if (use & READ) this.readers++
    if (use & WRITE) this.writers++
  }

  /** The caller calls `advance` after the last removal. */
  remove(use: LaneUse): void {
    if (use & READ) this.readers--
    if (use & WRITE) this.writers--
    invariant(this.readers >= 0 && this.writers >= 0, 'a lane loses only uses that it has')
  }

  advance(): void {
    let place = this.firstBlocked
    for (; place !== undefined && this.fits(place.use); place = place.next) {
      place.stands = true
      this.add(place.use)
      if (--place.waiter.blockedIn === 0) place.waiter.unblocked()
    }
    this.firstBlocked = place
  }

  /** Adds a use ahead of the line. The part that stands falls back as far as it must. */
  overtake(use: LaneUse): void {
    if (this.fits(use)) return this.add(use)
    for (let place = this.first; place?.stands; place = place.next) {
      place.stands = false
      this.remove(place.use)
      place.waiter.blockedIn++
    }
    this.firstBlocked = this.first
    this.add(use)
    this.advance()
  }

  join(waiter: Waiter, use: LaneUse): void {
    const stands = this.admits(use)
    const place: Place = {
      waiter,
      lane: this,
      use,
      sibling: waiter.places,
      stands,
      previous: this.last,
      next: undefined,
    }
    waiter.places = place
    if (this.last === undefined) this.first = place
    else this.last.next = place
    this.last = place
    if (stands) return this.add(use)
    this.firstBlocked ??= place
    waiter.blockedIn++
  }

  /** Takes a place out of the line. A use that stands stays in the counts, for its holder or for `remove`. */
  unlink(place: Place): void {
    const { previous, next } = place
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    if (this.firstBlocked === place) this.firstBlocked = next
  }

  private fits(use: LaneUse): boolean {
    return !((use & READ && this.writers > 0) || (use & WRITE && this.readers > 0))
  }
}
