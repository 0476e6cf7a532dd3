import { LocalStackSuite } from './local-stack-suite.js'
import { SHORT_ENVIRONMENT } from './timing.js'

interface Shop {
  count: number
  user: string
  note: string
}

describe('the life of a session on several servers', () => {
  const suite = new LocalStackSuite<Shop>({ environment: SHORT_ENVIRONMENT }, 'suite')
  const client = (options = {}) => suite.client({ timeoutMs: 60_000, ...options })

  it('goes on under a new id after a login, at the limit of its size, and nobody gets in by the old one', async () => {
    const [first, second] = [client(), client()]
    const note = 'n'.repeat(398 * 1024 - 60)
    await first.access('before login', 'all', ({ state }) => void (state.note = note))
    const id = await first.rotate('before login', ({ state }) => void (state.user = 'Ada'))
    expect(await second.access(id, { all: 'read' }, ({ state }) => [state.user, state.note?.length])).toEqual([
      'Ada',
      note.length,
    ])
    for (const server of [first, second]) {
      await expect(server.access('before login', 'all', () => {})).rejects.toMatchObject({ reason: 'rotated' })
    }
  })

  it('of two servers that rotate it at once, one does, and the other is told', async () => {
    const [first, second] = [client(), client()]
    await first.access('twice', 'all', ({ state }) => void (state.count = 1))
    const outcomes = await Promise.allSettled([first.rotate('twice'), second.rotate('twice')])
    const rotated = outcomes.filter((outcome) => outcome.status === 'fulfilled')
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect([rotated.length, refused.length]).toEqual([1, 1])
    expect(refused[0]?.reason).toMatchObject({ code: 'SESSION_MISSING', reason: 'rotated' })
    expect((await first.peek(rotated[0]?.value ?? ''))?.state).toEqual({ count: 1 })
  })

  it('written behind, it loses to a kill only what was not written yet, and nothing to a handoff', async () => {
    const id = 'written behind'
    const flushMs = 60_000
    const lazy = await suite.spawn({ durability: 'release', flushMs, timeoutMs: 60_000 })
    const other = client()
    for (let count = 1; count <= 5; count += 1) await lazy.command('increment', { id })
    // Only the birth of a session is written at once.
    expect(await other.peek(id).then((found) => found?.state.count)).toBe(1)
    // Another server asks: all of it is written first.
    expect(await other.access(id, { write: ['count'] }, ({ state }) => ++(state.count as number))).toBe(6)
    for (let count = 7; count <= 9; count += 1)
      expect(await lazy.command('increment', { id })).toMatchObject({ value: count })
    await lazy.kill()
    expect(await other.access(id, { read: ['count'] }, ({ state }) => state.count)).toBe(6)
  })

  it('written behind, it is in DynamoDB soon after by itself', async () => {
    const id = 'written soon'
    const lazy = client({ durability: 'release', flushMs: 1 })
    const before = suite.stack.requests.snapshot()
    const set = (count: number) => lazy.access(id, { write: ['count'] }, ({ state }) => void (state.count = count))
    await set(1)
    await set(2)
    const writes = () =>
      suite.stack.requests
        .since(before)
        .filter(({ target, operation }) => target === suite.stack.config.sessionsTable && operation === 'UpdateItem')
    // The claim that finds nothing, the claim afresh, the birth, which is written at once, and the other commit.
    while (writes().reduce((sum, { count }) => sum + count, 0) < 4)
      await new Promise((resolve) => setImmediate(resolve))
    expect((await lazy.peek(id))?.state).toEqual({ count: 2 })
  })

  it('at the limit of its size it can be read, shrunk, released and destroyed', async () => {
    const server = client()
    const id = 'full'
    await server.access(id, 'all', ({ state }) => void (state.note = 'n'.repeat(398 * 1024 - 10)))
    await server.release(id)
    expect(await server.access(id, { read: ['note'] }, ({ state }) => state.note?.length)).toBe(398 * 1024 - 10)
    await expect(
      server.access(id, { write: ['user'] }, ({ state }) => void (state.user = 'Ada')),
    ).rejects.toMatchObject({
      code: 'TOO_LARGE',
    })
    await server.release(id)
    expect(await client().destroy(id)).toBe(true)
    expect(await server.peek(id)).toBeUndefined()
  })
})
