import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

/** For each test of a `describe`: a world with one client. */
export function useOneClient<S extends object>() {
  let world: World
  let holdfast: Holdfast<S>
  beforeEach(() => {
    world = new World()
    holdfast = world.client<S>()
  })
  afterEach(() => world.close())
  return {
    get world() {
      return world
    },
    get holdfast() {
      return holdfast
    },
  }
}
