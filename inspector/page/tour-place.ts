/** Where somebody is in the tour, and since when. It outlives a reload of the page, as the demo does. */
export interface TourPlace {
  readonly step: number
  readonly at: number
}

/** Each stack has an address of its own: the tour of another one is over. */
const KEY = `holdfast-tour ${location.pathname}`

export function tourPlace(): TourPlace | undefined {
  try {
    const kept = sessionStorage.getItem(KEY)
    return kept === null ? undefined : (JSON.parse(kept) as TourPlace)
  } catch {
    return undefined
  }
}

export function keptPlace(place: TourPlace | undefined): TourPlace | undefined {
  try {
    if (place === undefined) sessionStorage.removeItem(KEY)
    else sessionStorage.setItem(KEY, JSON.stringify(place))
  } catch {
    // A file has no storage.
  }
  return place
}
