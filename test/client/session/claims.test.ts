import type { Holdfast } from '../../../client/holdfast.js'
import { READ_SILENT_TIMEOUT_MS, READ_TIMEOUT_MS } from '../../../client/limits.js'
import { sessionKey } from '../../../client/session/session-key.js'
import type { Item, UpdateOutcome } from '../../../protocol/dynamodb.js'
import { lockKey } from '../../../protocol/keys.js'
import { type Counter, ID, increment } from '../../support/counting.js'
import { settle, World } from '../../support/world.js'

describe('between the grant of a session and its first access', () => {
  let world: World
  beforeEach(() => {
    world = new World()
  })
  afterEach(() => world.close())

  const add = (client: Holdfast<Counter>, id = ID) => world.finish(increment(client, id))
  const types = () => world.traffic.sent.map((text) => (JSON.parse(text) as { type: string }).type)

  it('a claim that takes long says busy, and is given up in time', async () => {
    world = new World({ leaseMs: 100_000, maxBusyMs: 5_000 })
    const [first, second] = [world.client<Counter>(), world.client<Counter>()]
    await add(second)
    world.onStateWrite = () => new Promise<UpdateOutcome>(() => {})
    const stuck = first.access(ID, { write: ['count'] }, () => {}, { timeoutMs: 60_000 })
    stuck.catch(() => {})
    await world.clock.advance(1_000)
    const other = increment(second)
    await world.clock.advance(world.timing.busyAfterMs + 2_000)
    expect(types()).toContain('busy')
    world.onStateWrite = (_update, write) => write()
    expect(await world.finish(other, 30_000)).toBe(2)
  })

  it('a claim that never ends has a deadline, and the session is free for the next access', async () => {
    const client = world.client<Counter>()
    world.onStateWrite = () => new Promise<UpdateOutcome>(() => {})
    const stuck = client.access(ID, { write: ['count'] }, () => {}, { timeoutMs: 60_000 })
    stuck.catch(() => {})
    await world.clock.advance(READ_TIMEOUT_MS / 2)
    const later = increment(client)
    later.catch(() => {})
    await world.clock.advance(READ_TIMEOUT_MS / 2 - 1_000)
    world.onStateWrite = (_update, write) => write()
    // The access that came during the claim is not failed for an obstacle that may have passed.
    expect(await world.finish(later, 5_000)).toBe(1)
    await expect(stuck).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true, effect: 'none' })
    await world.finish(client.close())
    expect(world.clock.pending).toBe(0)
  })

  it('after a claim that had no answer the next ones fail soon, until one is answered', async () => {
    const client = world.client<Counter>()
    const waited = async (call: Promise<unknown>) => {
      const sinceMs = world.clock.monotonicMs()
      await expect(world.finish(call, 60_000)).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true })
      return world.clock.monotonicMs() - sinceMs
    }
    const silence = () => {
      world.onStateWrite = () => new Promise<UpdateOutcome>(() => {})
    }
    silence()
    expect(await waited(increment(client, 'one'))).toBeGreaterThanOrEqual(READ_TIMEOUT_MS)
    for (const id of ['two', 'three']) {
      const ms = await waited(increment(client, id))
      expect(ms).toBeGreaterThanOrEqual(READ_SILENT_TIMEOUT_MS)
      expect(ms).toBeLessThan(READ_SILENT_TIMEOUT_MS + 1_000)
    }
    world.onStateWrite = (_update, write) => write()
    expect(await add(client, 'two')).toBe(1)
    silence()
    expect(await waited(increment(client, 'four'))).toBeGreaterThanOrEqual(READ_TIMEOUT_MS)
  })

  it('a claim that is refused for good fails every access that waits for it', async () => {
    const client = world.client<Counter>()
    await add(client, 'another')
    let refuse = () => {}
    world.onStateWrite = async () => {
      await new Promise<void>((resolve) => {
        refuse = resolve
      })
      throw Object.assign(new Error('denied'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } })
    }
    const [first, second] = [increment(client), increment(client)]
    const both = Promise.allSettled([first, second])
    await world.clock.advance(100)
    const third = increment(client)
    third.catch(() => {})
    refuse()
    const failures = await world.finish(both)
    const denied = expect.objectContaining({ code: 'REFUSED', reason: 'FORBIDDEN', retryable: false })
    expect(failures).toEqual([1, 2].map(() => ({ status: 'rejected', reason: denied })))
    await expect(third).rejects.toEqual(denied)
  })

  /** The next claim is refused by a fence that is above its epoch, when the returned function is called. */
  function fenceNextClaim(): () => void {
    let refuse = () => {}
    world.onStateWrite = async (update, write) => {
      await new Promise<void>((resolve) => {
        refuse = resolve
      })
      world.onStateWrite = (_update, writeNext) => writeNext()
      // A holder of a later epoch came in between, from a lock record that has regressed since.
      await world.memory.update({
        table: 'sessions',
        key: update.key,
        condition: 'attribute_not_exists(fence)',
        update:
          'SET fence = :fence, commitId = :commit, rev = :one, attrs = :attrs, createdAt = :one, accessedAt = :one, ' +
          'aliveUntil = :alive, expiresAt = :alive, #schema = :one',
        names: { '#schema': 'schema' },
        values: {
          ':fence': { N: String(world.clock.wallMs() + 60_000) },
          ':commit': { S: 'another' },
          ':alive': { N: String(world.clock.wallMs() + 3_600_000) },
          ':attrs': { M: {} },
          ':one': { N: '1' },
        },
        returns: 'none',
      })
      return write()
    }
    return () => refuse()
  }

  it('a claim that a fence refuses asks no more once nobody waits, as after close()', async () => {
    const client = world.client<Counter>()
    const refuse = fenceNextClaim()
    const given = client.access(ID, 'all', () => {})
    given.catch(() => {})
    await world.clock.advance(100)
    world.onSend = (text) => JSON.parse(text).type !== 'retire'
    const closing = client.close({ drainMs: 0 })
    await expect(world.finish(given)).rejects.toMatchObject({ code: 'CLOSED' })
    refuse()
    await world.finish(closing, 10_000)
    await world.clock.advance(60_000)
    expect(world.clock.pending).toBe(0)
    const acquires = world.traffic.sent.filter((text) => JSON.parse(text).type === 'acquire')
    expect(acquires).toHaveLength(1)
  })

  it('a claim that a fence refuses asks no more where its access has given up', async () => {
    const client = world.client<Counter>()
    const refuse = fenceNextClaim()
    const abort = new AbortController()
    const given = client.access(ID, 'all', () => {}, { signal: abort.signal })
    given.catch(() => {})
    await world.clock.advance(100)
    abort.abort()
    await expect(given).rejects.toMatchObject({ code: 'ABORTED' })
    refuse()
    await world.clock.advance(1_000)
    expect(types().filter((type) => type === 'acquire')).toHaveLength(1)
    expect(types()).toContain('release')
  })

  it('a claim of a grant that was lost opens nothing, though the next grant has the same epoch', async () => {
    const client = world.client<Counter>()
    await add(client)
    await world.finish(client.release(ID))
    const session = sessionKey('test', ID)
    const free = world.memory.getNow('locks', lockKey(session))
    const epochs: number[] = []
    client.on('granted', ({ epoch }) => epochs.push(epoch))
    const claims: (() => void)[] = []
    world.onStateWrite = async (_update, write) => {
      await new Promise<void>((resolve) => claims.push(resolve))
      return write()
    }
    const adding = increment(client)
    await settle()
    // The lock record falls behind: it is as it was before this grant.
    world.memory.put('locks', lockKey(session), free as Item)
    world.say(client, { type: 'lost', session, epoch: epochs[0] ?? 0, reason: 'revoked' })
    await settle()
    expect(epochs).toHaveLength(2)
    expect(epochs[1]).toBe(epochs[0])
    expect(claims).toHaveLength(2)
    world.onStateWrite = (_update, write) => write()
    // The first lands, and nobody goes by it. It keeps the second one out.
    claims[0]?.()
    await settle()
    expect(client.health().heldSessions).toBe(0)
    claims[1]?.()
    expect(await world.finish(adding)).toBe(2)
    expect(epochs).toHaveLength(3)
    expect(epochs[2]).toBeGreaterThan(epochs[0] ?? 0)
  })

  it('a claim that lands while the client closes, its first one, leaves no timer', async () => {
    const [first, client] = [world.client<Counter>(), world.client<Counter>()]
    await add(first)
    await world.finish(first.close())
    let land = () => {}
    world.onStateWrite = async (_update, write) => {
      await new Promise<void>((resolve) => {
        land = resolve
      })
      return write()
    }
    const given = increment(client)
    given.catch(() => {})
    await world.clock.advance(100)
    const opened = jest.fn()
    client.on('released', opened)
    const closing = client.close()
    land()
    await expect(world.finish(given)).rejects.toMatchObject({ code: 'CLOSED' })
    await world.finish(closing)
    expect(opened).toHaveBeenCalledTimes(1)
    expect(world.clock.pending).toBe(0)
  })

  it('with perAccess a session goes back even when its waiter has given up before the claim', async () => {
    const client = world.client<Counter>({ holdPolicy: 'perAccess' })
    await add(client)
    await settle()
    const claimed = world.stallStateWrites()
    const abort = new AbortController()
    const given = client.access(ID, 'all', () => {}, { signal: abort.signal })
    given.catch(() => {})
    await world.clock.advance(100)
    abort.abort()
    await expect(given).rejects.toMatchObject({ code: 'ABORTED' })
    claimed()
    await world.clock.advance(1_000)
    expect(client.health().heldSessions).toBe(0)
  })
})
