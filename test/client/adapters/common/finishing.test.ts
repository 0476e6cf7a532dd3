import { Gate } from '../../../support/counting.js'
import { ID, Servers } from './servers.js'

describe('the last save of a request', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())

  it('frees the locks when it begins to write: requests behind it go on, and their changes are written together', async () => {
    const server = servers.server()
    await servers.make(server, { items: [] })
    const allHaveLoaded = new Gate()
    let writes = 0
    servers.stack.dynamodb.inject({
      beforeForward: async ({ caller, operation }) => {
        if (caller !== 'application' || operation !== 'UpdateItem') return undefined
        writes += 1
        await allHaveLoaded.passed
        return undefined
      },
    })
    const add = async (item: number) => {
      const request = servers.request(server)
      const values = await servers.valuesOf<{ items: number[] }>(request)
      values.items.push(item)
      if (values.items.length === 40) allHaveLoaded.open()
      request.leave('end')
      await request.save(ID, values)
      await request.end()
    }
    await Promise.all(Array.from({ length: 40 }, (_, item) => add(item)))
    expect(await servers.committed()).toEqual({ items: Array.from({ length: 40 }, (_, item) => item) })
    expect(writes).toBe(2)
  })

  it('resolves when its changes are committed, and those that it saw', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const first = await servers.loaded(server)
    first.leave('end')
    const saved = first.save(ID, { n: 2 })
    const second = servers.request(server)
    expect(await servers.valuesOf(second)).toEqual({ n: 2 })
    second.leave('end')
    await second.touch(ID)
    expect(await servers.committed()).toEqual({ n: 2 })
    await saved
  })

  it('lets an unchanged save follow, and refuses a changed one', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server)
    request.leave('end')
    await request.save(ID, { n: 2 })
    await request.touch(ID)
    await expect(request.save(ID, { n: 3 })).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'end' })
    await servers.write(server, { n: 4 })
    expect(await servers.committed()).toEqual({ n: 4 })
  })

  it.each(['write', 'read'] as const)("gives the session back where it fails, under the lock '%s'", async (lock) => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server, lock)
    request.leave('end')
    const code = lock === 'read' ? 'NOT_LOCKED' : 'TOO_LARGE'
    await expect(request.save(ID, { n: 'x'.repeat(500_000) })).rejects.toMatchObject({ code })
    await servers.write(server, { n: 2 })
    expect(await servers.committed()).toEqual({ n: 2 })
  })

  it('makes a session that is new, and no empty one of a session that was never saved', async () => {
    const server = servers.server()
    const request = servers.request(server)
    request.leave('end')
    await request.touch(ID)
    expect(await servers.committed()).toBeUndefined()
    await request.save(ID, { n: 1 })
    expect(await servers.committed()).toEqual({ n: 1 })
    await servers.write(server, { n: 2 })
    expect(await servers.committed()).toEqual({ n: 2 })
  })
})
