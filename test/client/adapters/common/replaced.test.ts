import type { LockMode } from '../../../../client/adapters/common/index.js'
import { quiet } from '../../../support/counting.js'
import { ID, Servers } from './servers.js'

describe('a session that is destroyed or rotated', () => {
  let servers: Servers
  beforeEach(() => {
    servers = new Servers()
  })
  afterEach(() => servers.stop())
  const MODES: readonly LockMode[] = ['write', 'read', 'none', 'merge']

  it.each(MODES)("is told to requests of 30 s after, and then unknown ('%s')", async (lock) => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const ending = await servers.loaded(one)
    await ending.destroy(ID)
    await ending.end()
    const replaced = { code: 'SESSION_REPLACED', reason: 'destroyed', effect: 'none' }
    await expect(servers.request(one, lock).load(ID)).rejects.toMatchObject(replaced)
    await servers.stack.advance(29_999)
    const late = servers.request(other, lock)
    await expect(late.load(ID)).rejects.toMatchObject(replaced)
    await expect(late.save(ID, { n: 2 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await servers.stack.advance(1)
    expect(await servers.request(other, lock).load(ID)).toBeUndefined()
    expect(await servers.committed()).toBeUndefined()
  })

  it('is told to requests that waited for it, here and elsewhere', async () => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const ending = await servers.loaded(one)
    const waiting = [one, one, other, other].map((server) => quiet(servers.request(server).load(ID)))
    await servers.stack.advance(0)
    await ending.destroy(ID)
    await ending.save('a new id', { user: 'Ada' })
    await ending.end()
    const outcomes = await Promise.allSettled(waiting)
    expect(outcomes.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(
      waiting.map(() => 'SESSION_REPLACED'),
    )
    expect(await servers.committed()).toBeUndefined()
    expect(await servers.committed('a new id')).toEqual({ user: 'Ada' })
  })

  it('is told where it was rotated by the application', async () => {
    const holdfast = servers.client()
    const server = servers.server({ holdfast })
    await servers.make(server, { n: 1 })
    const unlocked = await servers.loaded(server, 'merge')
    await holdfast.rotate(ID)
    const rotated = { code: 'SESSION_REPLACED', reason: 'rotated' }
    await expect(servers.request(server).load(ID)).rejects.toMatchObject(rotated)
    await expect(unlocked.save(ID, { n: 2 })).rejects.toMatchObject(rotated)
  })

  it('cannot be used by the request that destroyed it, and is destroyed once', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server)
    await request.destroy(ID)
    expect(await servers.costOf(() => request.destroy(ID))).toEqual([])
    await request.touch(ID)
    await expect(request.load(ID)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    await expect(request.save(ID, { n: 2 })).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
    expect(await servers.committed()).toBeUndefined()
  })

  it.each(MODES)("can be destroyed again where that has failed ('%s')", async (lock) => {
    const [one, other] = [servers.server(), servers.server()]
    await servers.make(one, { n: 1 })
    const request = await servers.loaded(one, lock)
    const mend = servers.stack.dynamodb.inject({
      beforeForward: ({ operation }) => (operation === 'GetItem' ? undefined : { refuse: 'ValidationException' }),
    })
    await expect(request.destroy(ID)).rejects.toMatchObject({ code: 'UNREACHABLE' })
    mend()
    expect(await servers.committed()).toEqual({ n: 1 })
    const again = quiet(request.destroy(ID))
    await servers.stack.advance(5_000)
    await again
    expect(await servers.committed()).toBeUndefined()
    await request.end()
    await expect(servers.request(other).load(ID)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
  })

  it('may be one that does not exist, or was never loaded', async () => {
    const server = servers.server()
    const request = servers.request(server)
    expect(await servers.costOf(() => request.destroy('nobody'))).toEqual(['application GetItem'])
    await servers.make(server, { n: 1 })
    await request.destroy(ID)
    expect(await servers.committed()).toBeUndefined()
  })

  it('may be one that the request does not hold any more', async () => {
    const server = servers.server()
    await servers.make(server, { n: 1 })
    const request = await servers.loaded(server)
    await request.release()
    await request.destroy(ID)
    expect(await servers.committed()).toBeUndefined()
  })
})
