import type { Holdfast } from '../../client/index.js'
import { LocalStackSuite } from './local-stack-suite.js'

type Anything = Record<string, unknown>

describe('state in real DynamoDB', () => {
  const suite = new LocalStackSuite<Anything>({}, 'suite')
  let first: Holdfast<Anything>
  let second: Holdfast<Anything>
  beforeAll(() => {
    first = suite.client()
    second = suite.client()
  })

  it('comes out on another server as it went in', async () => {
    const value = {
      nothing: null,
      truth: [true, false],
      numbers: [0, -0, 1.5, 1e-300, Number.MAX_VALUE, 2n ** 100n],
      text: ['', 'é 🙂', 'null'],
      when: new Date('2031-02-03T04:05:06.789Z'),
      map: new Map<unknown, unknown>([
        ['a', 1],
        [2, new Set(['x', new Uint8Array([1, 2, 255])])],
      ]),
      nested: { deep: [{ er: {} }] },
    }
    await first.access('exact', 'all', ({ state }) => void (state.value = value))
    const read = await second.access('exact', 'all', ({ state }) => state.value)
    expect(read).toStrictEqual(value)
  })

  it('takes a commit of 500 attributes, with awkward names, and their deletion', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `${index} a name.with [dots] and #signs :too`)
    await first.access('many', 'all', ({ state }) =>
      Object.assign(state, Object.fromEntries(names.map((name, index) => [name, index]))),
    )
    expect(await second.access('many', { all: 'read' }, ({ state }) => Object.keys(state).length)).toBe(500)
    await first.access('many', 'all', (session) => {
      for (const name of names.slice(1)) session.delete(name)
    })
    expect(await second.access('many', { all: 'read' }, ({ state }) => ({ ...state }))).toEqual({ [names[0] ?? '']: 0 })
  })

  it('can be filled to the stated limit, read, handed over and shrunk, and refuses more before anything happens', async () => {
    const note = 'n'.repeat(398 * 1024 - 10)
    await first.access('full', { write: ['note'] }, ({ state }) => void (state.note = note))
    const more = second.access('full', { write: ['more'] }, ({ state }) => void (state.more = 'more than fits'))
    await expect(more).rejects.toMatchObject({ code: 'TOO_LARGE', effect: 'none', limitBytes: 398 * 1024 })
    expect(await first.access('full', { read: ['note'] }, ({ state }) => (state.note as string).length)).toBe(
      note.length,
    )
    await second.access('full', { write: ['note'] }, ({ state }) => void (state.note = 'short'))
    expect((await first.peek('full'))?.state).toEqual({ note: 'short' })
    expect(await first.destroy('full')).toBe(true)
  }, 60_000)

  it('lands as a whole or not at all', async () => {
    const access = first.access('whole', { write: ['a', 'b'] }, ({ state }) => {
      state.a = 1
      state.b = { toStoreThis: () => {} }
    })
    await expect(access).rejects.toMatchObject({ code: 'INVALID_VALUE', path: 'b.toStoreThis', effect: 'none' })
    expect(await second.access('whole', 'all', ({ state }) => ({ ...state }))).toEqual({})
  })
})
