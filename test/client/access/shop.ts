import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

export interface Shop {
  cart: string[]
  user: string
}

export const ID = 'an id'

/** For each test of a `describe`: a world, and what its tests often do with a session in it. */
export function useShopStage() {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())
  return {
    get world() {
      return world
    },
    fill: (client: Holdfast<Shop>, id = ID) =>
      world.finish(client.access(id, 'all', ({ state }) => void (state.cart = ['apple']))),
    /** The attributes as another client reads them. */
    stored: async (id = ID) => {
      const seen = await world.finish(world.client<Shop>().peek(id))
      return seen === undefined ? undefined : { ...seen.state }
    },
  }
}

export const missing = (reason: string) => ({ code: 'SESSION_MISSING', reason, missingSinceMs: expect.any(Number) })
