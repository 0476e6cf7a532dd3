import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

describe('an id that is given for a new session', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const inUse = (name: string) => ({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`'${name}' is in use`),
  })

  it('is refused at once by rotations that cross', async () => {
    const [first, second] = [world.client(), world.client()]
    await world.finish(first.create({ n: 1 }, { id: 'x' }))
    await world.finish(second.create({ n: 2 }, { id: 'y' }))
    const startedAt = world.clock.monotonicMs()
    const crossed = [first.rotate('x', () => {}, { to: 'y' }), second.rotate('y', () => {}, { to: 'x' })]
    const outcomes = await world.finish(Promise.allSettled(crossed))
    expect(outcomes).toMatchObject([{ reason: inUse('to') }, { reason: inUse('to') }])
    expect(world.clock.monotonicMs() - startedAt).toBeLessThan(100)
  })

  it.each([
    ['one process', 1],
    ['two processes', 2],
  ])('is taken by one of two rotations in %s', async (_, processes) => {
    const clients = Array.from({ length: processes }, () => world.client())
    const [first, second] = [clients[0], clients.at(-1)] as [Holdfast<{ n: number }>, Holdfast<{ n: number }>]
    await world.finish(first.create({ n: 1 }, { id: 'x' }))
    await world.finish(second.create({ n: 2 }, { id: 'y' }))
    const rotations = [first.rotate('x', () => {}, { to: 'z' }), second.rotate('y', () => {}, { to: 'z' })]
    const outcomes = await world.finish(Promise.allSettled(rotations), 60_000)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: inUse('to') })
    const winner = outcomes[0]?.status === 'fulfilled' ? 1 : 2
    expect((await world.finish(first.peek('z')))?.state).toEqual({ n: winner })
    const loser = winner === 1 ? 'y' : 'x'
    expect((await world.finish(first.peek(loser)))?.state).toEqual({ n: 3 - winner })
  })

  it.each([
    ['one process', 1],
    ['two processes', 2],
  ])('is taken by one of two creates in %s, even where they give it nothing', async (_, processes) => {
    const clients = Array.from({ length: processes }, () => world.client())
    for (const init of [{}, { n: 1 }]) {
      const id = JSON.stringify(init)
      const [first, second] = [clients[0], clients.at(-1)] as [Holdfast<object>, Holdfast<object>]
      const creates = [first.create(init, { id }), second.create(init, { id })]
      const outcomes = await world.finish(Promise.allSettled(creates), 60_000)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: inUse('id') })
      await expect(world.finish(world.client().create({}, { id }))).rejects.toMatchObject(inUse('id'))
    }
  })

  it('must not be one that was rotated away', async () => {
    const client = world.client()
    await world.finish(client.create({}, { id: 'old' }))
    await world.finish(client.rotate('old'))
    await expect(world.finish(client.create({}, { id: 'old' }))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('rotated'),
    })
  })

  it('costs nothing where the attributes cannot be stored', async () => {
    const client = world.client()
    for (const [init, code] of [
      [{ f: () => 1 }, 'INVALID_VALUE'],
      [{ n: undefined }, 'INVALID_VALUE'],
      [{ constructor: 1 }, 'INVALID_ARGUMENT'],
      [{ big: 'x'.repeat(500_000) }, 'TOO_LARGE'],
    ] as const) {
      await expect(client.create(init)).rejects.toMatchObject({ code })
    }
    expect(world.traffic).toMatchObject({ sent: [], updates: [], gets: [] })
  })

  it('rotate has no option ifMissing, and its errors do not speak of it', async () => {
    const client = world.client()
    const rotated = client.rotate('x', () => {}, { ifMissing: 'create' } as object)
    await expect(rotated).rejects.toMatchObject({
      message: "rotate has no option 'ifMissing': known are signal, timeoutMs, ttlMs, label, to",
    })
    await expect(world.finish(client.rotate('x'))).rejects.toMatchObject({
      message: expect.not.stringContaining('ifMissing'),
    })
  })
})
