import type { Holdfast } from '../../../client/holdfast.js'
import { World } from '../../support/world.js'

type State = Record<string, string | Uint8Array | number | string[]>

const KIB = 1024

describe('bounds of size', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const id = 'an id'
  const write = (client: Holdfast<State>, work: (state: Partial<State>) => void) =>
    world.finish(client.access(id, 'all', ({ state }) => work(state)))
  const held = (client: Holdfast<State>) => client.health().heldSessions

  it('a value that is too large is refused where it is set', async () => {
    const client = world.client<State>({ attributeBytesMax: 10 * KIB })
    let reached = ''
    const text = write(client, (state) => {
      state.small = 'x'.repeat(9 * KIB)
      reached = 'before'
      state.large = 'x'.repeat(11 * KIB)
      reached = 'after'
    })
    await expect(text).rejects.toMatchObject({
      code: 'TOO_LARGE',
      attribute: 'large',
      sizeBytes: 11 * KIB,
      limitBytes: 10 * KIB,
    })
    expect(reached).toBe('before')
    await expect(write(client, (state) => void (state.bytes = new Uint8Array(11 * KIB)))).rejects.toMatchObject({
      attribute: 'bytes',
    })
    expect(await client.peek(id)).toBeUndefined()
  })

  it('what is too large only as a whole is refused before the commit, by the name of the attribute', async () => {
    const client = world.client<State>({ attributeBytesMax: 10 * KIB })
    const list = write(client, (state) => {
      state.fine = 1
      state.list = Array.from({ length: 11 }, () => 'x'.repeat(KIB))
    })
    await expect(list).rejects.toMatchObject({ code: 'TOO_LARGE', attribute: 'list', effect: 'none' })
    expect(await client.peek(id)).toBeUndefined()
  })

  it('attributes that are small enough must also be small enough together', async () => {
    const client = world.client<State>({ attributeBytesMax: 10 * KIB, sessionBytesMax: 20 * KIB })
    await write(client, (state) => Object.assign(state, { a: 'x'.repeat(9 * KIB), b: 'x'.repeat(9 * KIB) }))
    await expect(write(client, (state) => void (state.c = 'x'.repeat(9 * KIB)))).rejects.toMatchObject({
      code: 'TOO_LARGE',
      attribute: undefined,
      limitBytes: 20 * KIB,
    })
  })

  it('what is over a limit already can be read, shrunk, given away, and destroyed', async () => {
    const generous = world.client<State>()
    await write(generous, (state) => Object.assign(state, { a: 'x'.repeat(30 * KIB), b: 'y'.repeat(30 * KIB) }))
    const strict = world.client<State>({ attributeBytesMax: 10 * KIB, sessionBytesMax: 40 * KIB })
    expect(await world.finish(strict.access(id, 'all', ({ state }) => (state.a as string).length))).toBe(30 * KIB)
    await expect(write(strict, (state) => void (state.a += 'x'))).rejects.toMatchObject({ attribute: 'a' })
    await write(strict, (state) => void (state.a = 'x'.repeat(29 * KIB)))
    await expect(write(strict, (state) => void (state.other = 1))).rejects.toMatchObject({ attribute: undefined })
    await write(strict, (state) => void delete state.a)
    await write(strict, (state) => void (state.other = 1))
    await world.finish(strict.release(id))
    expect(await world.finish(generous.destroy(id))).toBe(true)
  })

  it('beyond cachedBytesMax the least recently used session is released, with what was changed in it', async () => {
    const client = world.client<State>({ cachedBytesMax: 398 * KIB, durability: 'release', flushMs: 60_000 })
    const put = (name: string, kib: number) =>
      world.finish(client.access(name, 'all', ({ state }) => void (state.text = 'x'.repeat(kib * KIB))))
    for (const name of ['a', 'b', 'c']) await put(name, 1)
    for (const name of ['a', 'b', 'c']) await put(name, 100)
    expect(held(client)).toBe(3)
    await world.finish(client.access('a', { read: ['text'] }, () => {}))
    await put('d', 150)
    await world.clock.advance(50)
    expect(held(client)).toBe(3)
    const reader = world.client<State>()
    expect((await reader.peek('b'))?.state.text).toHaveLength(100 * KIB)
    expect((await reader.peek('c'))?.state.text).toHaveLength(KIB)
    // One that grows makes room as well.
    await put('a', 300)
    await world.clock.advance(50)
    expect(held(client)).toBe(1)
    expect((await reader.peek('d'))?.state.text).toHaveLength(150 * KIB)
  })

  it('what is released leaves room', async () => {
    const client = world.client<State>({ cachedBytesMax: 398 * KIB })
    for (let round = 0; round < 20; round += 1) {
      await world.finish(client.access(`${round}`, 'all', ({ state }) => void (state.text = 'x'.repeat(150 * KIB))))
      expect(held(client)).toBeLessThanOrEqual(3)
      if (round % 2 === 0) await world.finish(client.release(`${round}`))
    }
    expect(held(client)).toBeGreaterThanOrEqual(1)
  })
})
