import type { Holdfast } from '../../../client/index.js'
import { type Counter, increment, quiet } from '../../support/counting.js'
import { settle, type World } from '../../support/world.js'

export const typeOf = (text: string) => (JSON.parse(text) as { type: string }).type

/** A client that holds the session, with a count of 1. */
export async function countingClient(world: World, options = {}): Promise<Holdfast<Counter>> {
  const client = world.client<Counter>(options)
  await world.finish(quiet(increment(client)))
  return client
}

/** Nothing of a client runs on, and it says nothing any more. */
export async function expectSilenceIn(world: World): Promise<void> {
  await settle()
  expect(world.clock.pending).toBe(0)
  const sent = world.traffic.sent.length
  await world.clock.advance(600_000)
  expect(world.traffic.sent.slice(sent).map(typeOf)).toEqual([])
}
