import type { ListName } from './attributes.js'

/** Where a value was committed. */
export interface Landing {
  readonly session: string
  readonly life: number
  readonly list: ListName
  readonly index: number
  /** Where it was before a rotation moved it. */
  readonly movedFrom?: Landing | undefined
}

/** Whether a value was committed here. A reader may report late, when the session has moved to another id. */
export function stoodAt(landing: Landing | undefined, session: string, life: number, index: number): boolean {
  if (landing === undefined) return false
  const isHere = landing.session === session && landing.life === life && landing.index === index
  return isHere || stoodAt(landing.movedFrom, session, life, index)
}
