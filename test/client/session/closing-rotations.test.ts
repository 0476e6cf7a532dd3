import { type Counter, Gate, ID, quiet } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'
import { countingClient, expectSilenceIn, typeOf } from './counting-client.js'

describe('a client that closes during a rotation', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const counting = () => countingClient(world)
  const expectSilence = () => expectSilenceIn(world)

  it('lets a rotation end that has begun, though it still needs the lock of the new id', async () => {
    const client = await counting()
    let arrive = () => {}
    world.onRequest = (go) => {
      arrive = go
    }
    const rotating = quiet(client.rotate(ID))
    await settle()
    world.onRequest = (go) => go()
    const closing = client.close({ drainMs: 5_000 })
    arrive()
    const newId = await world.finish(rotating, 10_000)
    await world.finish(closing, 10_000)
    expect((await world.client<Counter>().peek(newId))?.state.count).toBe(1)
  })

  it('fails a rotation that waits for the new id when the drain ends, and leaves nothing behind', async () => {
    const client = await counting()
    world.onSend = (text) => typeOf(text) !== 'acquire'
    const rotating = quiet(client.rotate(ID))
    await settle()
    await world.finish(client.close({ drainMs: 10 }), 10_000)
    await expect(rotating).rejects.toMatchObject({ code: 'CLOSED', effect: 'none' })
    await expectSilence()
  })

  it('fails a rotation whose work ends in the drain and whose new id does not come in time', async () => {
    const client = await counting()
    const gate = new Gate()
    const rotating = quiet(client.rotate(ID, () => gate.passed))
    await settle()
    const closing = client.close({ drainMs: 1_000 })
    world.onSend = (text) => typeOf(text) !== 'acquire'
    gate.open()
    await world.finish(closing, 10_000)
    await expect(rotating).rejects.toMatchObject({ code: 'CLOSED', effect: 'none' })
    await expectSilence()
  })

  it.each([
    ['as it closes', 10, false],
    ['when its lease ends in the drain', 20_000, true],
  ])(
    'does not come back to life by a rotation whose work outlives it: it is lost %s',
    async (_when, drainMs, isCut) => {
      const client = await counting()
      const gate = new Gate()
      const rotating = quiet(client.rotate(ID, () => gate.passed))
      await settle()
      world.partition(client, isCut)
      await world.finish(client.close({ drainMs }), 30_000)
      world.partition(client, false)
      await expect(rotating).rejects.toMatchObject({ effect: 'none' })
      await world.clock.advance(60_000)
      gate.open()
      await expectSilence()
    },
  )
})
