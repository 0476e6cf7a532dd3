/** What a request claims of a lane: two bits. Readers go together, writers go together, nothing else does. */
export type Claim = 0 | 1 | 2 | 3
export const NOTHING = 0
export const READ = 1
export const WRITE = 2
export const ALONE = 3

/** A ticket in line. It may be granted as soon as no lane blocks it. */
export interface Waiter {
  /** The number of lanes that block it. Kept by the lanes, as `places` is. */
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
  readonly claim: Claim
  /** The next place of the same ticket, in another lane. */
  readonly sibling: Place | undefined
  stands: boolean
  previous: Place | undefined
  next: Place | undefined
}

/**
 * One lane: the claims of those who hold or go ahead, then a line of places. The claim of a place *stands* from the
 * moment when nothing ahead conflicts with it, even while its ticket is blocked in another lane: those behind must
 * not overtake it.
 *
 * Whoever comes behind a blocked place is blocked as well, by it or by what blocks it. So the line is a part that
 * stands and then a part that is blocked, and a change costs only the places that cross over.
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

  /** Whether a claim at the end of the line would stand. */
  admits(claim: Claim): boolean {
    return this.firstBlocked === undefined && this.fits(claim)
  }

  add(claim: Claim): void {
    if (claim & READ) this.readers++
    if (claim & WRITE) this.writers++
  }

  /** To be followed by `advance`, once all is removed that is to be. */
  remove(claim: Claim): void {
    if (claim & READ) this.readers--
    if (claim & WRITE) this.writers--
  }

  advance(): void {
    let place = this.firstBlocked
    for (; place !== undefined && this.fits(place.claim); place = place.next) {
      place.stands = true
      this.add(place.claim)
      if (--place.waiter.blockedIn === 0) place.waiter.unblocked()
    }
    this.firstBlocked = place
  }

  /** Adds a claim ahead of the line. The part that stands falls back as far as it must. */
  overtake(claim: Claim): void {
    if (this.fits(claim)) return this.add(claim)
    for (let place = this.first; place?.stands; place = place.next) {
      place.stands = false
      this.remove(place.claim)
      place.waiter.blockedIn++
    }
    this.firstBlocked = this.first
    this.add(claim)
    this.advance()
  }

  join(waiter: Waiter, claim: Claim): void {
    const stands = this.admits(claim)
    const place: Place = {
      waiter,
      lane: this,
      claim,
      sibling: waiter.places,
      stands,
      previous: this.last,
      next: undefined,
    }
    waiter.places = place
    if (this.last === undefined) this.first = place
    else this.last.next = place
    this.last = place
    if (stands) return this.add(claim)
    this.firstBlocked ??= place
    waiter.blockedIn++
  }

  /** Takes a place out of the line. A claim that stands is left in, for its holder or for `remove`. */
  unlink(place: Place): void {
    const { previous, next } = place
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    if (this.firstBlocked === place) this.firstBlocked = next
  }

  private fits(claim: Claim): boolean {
    return !((claim & READ && this.writers > 0) || (claim & WRITE && this.readers > 0))
  }
}
