import { RELEASED_AGAIN_MAX, RELEASED_AGAIN_MS } from '../../../client/limits.js'
import { ReleasedAgain } from '../../../client/session/released-again.js'
import { sessionKey } from '../../../client/session/session-key.js'
import { VirtualClock, World } from '../../support/world.js'

const ID = 'a session id that nobody guesses'

describe('a lock that this process has given back', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('is given back once more where a crowd asks for it, and again where one asks later', async () => {
    const client = world.client()
    const epoch = await world.finish(client.access(ID, 'all', (session) => session.epoch))
    await world.finish(client.release(ID))
    world.traffic.sent.length = 0
    const releases = () => world.traffic.sent.filter((text) => JSON.parse(text).type === 'release').length
    const ask = (of = epoch) => world.say(client, { type: 'revoke', session: sessionKey('test', ID), epoch: of })
    for (let index = 0; index < 20; index += 1) ask()
    await world.clock.advance(RELEASED_AGAIN_MS - 50)
    expect(releases()).toBe(1)
    // One for another epoch is another one.
    ask(epoch + 1)
    await world.clock.advance(100)
    expect(releases()).toBe(2)
    ask()
    await world.clock.advance(100)
    expect(releases()).toBe(3)
  })

  it('is remembered with a bounded number of others', () => {
    const again = new ReleasedAgain(new VirtualClock())
    const due = (index: number) => again.isDue(`S#${index}` as ReturnType<typeof sessionKey>, 1)
    for (let index = 0; index < RELEASED_AGAIN_MAX; index += 1) expect(due(index)).toBe(true)
    expect([due(0), due(RELEASED_AGAIN_MAX), due(1), due(0)]).toEqual([false, true, false, true])
  })
})
