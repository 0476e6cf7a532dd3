import type { StoreMessage } from '../../../protocol/messages.js'
import { World } from '../../support/world.js'

const ID = 'a session id that nobody guesses'

/** Ends when it is told to. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

describe('an ask that was answered long ago', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  it('does not make the next grant one that others wait for: the session is kept', async () => {
    const [first, second] = [world.client(), world.client()]
    const wanted: number[] = []
    first.on('wanted', ({ epoch }) => wanted.push(epoch))
    const use = (client: typeof first, until: Promise<void>) =>
      client.access(ID, 'all', ({ epoch }) => until.then(() => epoch), { timeoutMs: 60_000 })

    // The pushes are lost, so that the ask is noted at the next nudge. The note stays when it has been answered.
    world.onPush = ({ type }: StoreMessage) => type !== 'revoke'
    const former = await world.finish(use(first, Promise.resolve()))
    const between = gate()
    const other = use(second, between.opened)
    for (let steps = 0; wanted.length === 0 && steps < 1_000; steps += 1) await world.clock.advance(50)
    await world.clock.advance(50)
    world.onPush = () => true
    expect(wanted).toEqual([former])
    expect(first.health().heldSessions).toBe(0)

    // While this one waits once more, a renewal says again that others waited for the former grant.
    const again = use(first, Promise.resolve())
    await world.clock.advance(world.timing.leaseMs)
    between.open()
    await world.finish(other)
    const epoch = await world.finish(again, 60_000)
    await world.clock.advance(world.timing.leaseMs)
    expect(epoch).toBeGreaterThan(former)
    expect(wanted).toEqual([former])
    expect(first.health().heldSessions).toBe(1)
  })
})
