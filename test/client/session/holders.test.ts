import type { Holdfast } from '../../../client/holdfast.js'
import { settle, World } from '../../support/world.js'

interface Shop {
  cart: string[]
  user: string
}

const ID = 'an id'

describe('an access that waits in vain is told who has its locks', () => {
  let world: World
  beforeEach(() => {
    world = new World({ leaseMs: 60_000 })
  })
  afterEach(() => world.close())

  /** Holds its locks until `end` is called. */
  const occupy = async (client: Holdfast<Shop>, locks: 'all' | { write: ['cart'] }, label?: string) => {
    let end = () => {}
    const options = label === undefined ? {} : { label }
    const running = client.access(ID, locks, () => new Promise<void>((resolve) => (end = resolve)), options)
    await world.clock.advance(100)
    return async () => {
      end()
      await world.finish(running)
    }
  }

  it('where it is one of the same process: by its label, and how long it has had them', async () => {
    const client = world.client<Shop>()
    const end = await occupy(client, { write: ['cart'] }, 'checkout')
    const startedAt = world.clock.monotonicMs()
    const waiting = client.access(ID, { read: ['cart'] }, () => {}, { timeoutMs: 1_000 })
    await expect(world.finish(waiting, 2_000)).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      waitedMs: 1_000,
      behind: undefined,
      holder: 'checkout',
      heldMs: 1_100,
      message: expect.stringContaining("held by access 'checkout' of this process for 1100 ms"),
    })
    expect(world.clock.monotonicMs() - startedAt).toBeLessThan(1_100)
    await end()
  })

  it('also where another one that waits is between them', async () => {
    const client = world.client<Shop>()
    const end = await occupy(client, { write: ['cart'] }, 'checkout')
    const between = client.access(ID, 'all', () => {}, { label: 'between' })
    await settle()
    const waiting = client.access(ID, { read: ['user'] }, () => {}, { timeoutMs: 500 })
    await expect(world.finish(waiting, 2_000)).rejects.toMatchObject({ holder: 'checkout', heldMs: 600 })
    await end()
    await world.finish(between)
  })

  it('in session.lock(), and by an open session', async () => {
    const client = world.client<Shop>()
    const session = await world.finish(client.open(ID, { write: ['cart'] }, { label: 'stream' }))
    const widening = client.access(ID, { write: ['user'] }, (inner) =>
      inner.lock({ write: ['cart'] }, { timeoutMs: 300 }).then(() => {}),
    )
    await expect(world.finish(widening, 2_000)).rejects.toMatchObject({ holder: 'stream', heldMs: expect.any(Number) })
    await session[Symbol.asyncDispose]()
  })

  it('and by an accessMany', async () => {
    const client = world.client<Shop>()
    let end = () => {}
    const running = client.accessMany([ID, 'other'], 'all', () => new Promise<void>((resolve) => (end = resolve)), {
      label: 'transfer',
    })
    await world.clock.advance(100)
    const waiting = client.access(ID, 'all', () => {}, { timeoutMs: 500 })
    await expect(world.finish(waiting, 2_000)).rejects.toMatchObject({ holder: 'transfer', heldMs: 600 })
    end()
    await world.finish(running)
  })

  it('where another process has asked for the session, and it waits outside the queue', async () => {
    const [first, second] = [world.client<Shop>(), world.client<Shop>()]
    const end = await occupy(first, 'all', 'report')
    const elsewhere = second.access(ID, 'all', () => {})
    await world.clock.advance(1_000)
    const waiting = first.access(ID, 'all', () => {}, { timeoutMs: 500 })
    await expect(world.finish(waiting, 2_000)).rejects.toMatchObject({ holder: 'report', heldMs: 1_600 })
    await end()
    await world.finish(elsewhere, 10_000)
  })

  it('where it is another process: by the label of that process', async () => {
    const [first, second] = [world.client<Shop>({ label: 'server 1' }), world.client<Shop>()]
    const end = await occupy(first, 'all', 'checkout')
    const waiting = second.access(ID, 'all', () => {}, { timeoutMs: 1_000 })
    await expect(world.finish(waiting, 2_000)).rejects.toMatchObject({
      holder: 'server 1',
      behind: 0,
      heldMs: undefined,
    })
    await end()
  })
})
