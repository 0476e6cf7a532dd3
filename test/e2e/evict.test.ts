import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { evict } from '../../operator/index.js'
import { compileTiming, nudgePeriodMaxMs } from '../../protocol/timing.js'
import { confinedAssembly, serverOf } from './confined-assembly.js'
import { LocalStackSuite } from './local-stack-suite.js'
import { sessionKey } from './tables.js'

interface Count {
  count: number
}

const ID = 'held'
const GIVEN = { leaseMs: 6_000, roundTripMs: 2_000, nudgeAfterMs: 500 }
const timing = compileTiming(GIVEN)

async function durationOf(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

describe('an operator', () => {
  const suite = new LocalStackSuite<Count>({
    assembly: confinedAssembly(),
    environment: { HOLDFAST_TIMING: JSON.stringify(GIVEN) },
  })
  const options = () => {
    const { locksTable, config } = suite.stack
    const credentials = suite.stack.addApplication(serverOf('operators'))
    return { locksTable, region: config.region, dynamoDbEndpoint: config.dynamoDbEndpoint, credentials }
  }
  const holderOf = async (id: string) => {
    const holder = (await suite.tables.lock(id))?.holder
    return holder?.M?.p?.S ?? ''
  }

  it('ends a process: its connections close, its sessions go to the next in the time of its lease, nothing is lost', async () => {
    const next = suite.client()
    const usualMs = await durationOf(() => next.access('free', 'all', () => {}))
    const others = suite.stack.gateway.connections().map(({ connectionId }) => connectionId)
    const evicted = suite.client()
    const losses: unknown[] = []
    evicted.on('lost', ({ error }) => losses.push((error as { readonly reason?: string }).reason))
    await evicted.access(ID, 'all', ({ state }) => void (state.count = 1))
    const connection = suite.stack.gateway.connections().find(({ connectionId }) => !others.includes(connectionId))
    const processId = await holderOf(ID)

    const startedAt = Date.now()
    const eviction = await evict(processId, options())
    expect(eviction).toMatchObject({ closed: 1 })
    expect(eviction?.leaseUntil).toBeLessThanOrEqual(Date.now() + timing.leaseMs)
    expect(suite.stack.gateway.connections().map(({ connectionId }) => connectionId)).not.toContain(
      connection?.connectionId,
    )

    expect(await next.access(ID, 'all', ({ state }) => (state.count = (state.count ?? 0) + 1))).toBe(2)
    const boundMs = timing.leaseMs + timing.storeMarginMs + nudgePeriodMaxMs(timing) + timing.roundTripMs
    // The eviction and the access take their own time, on a loaded machine more.
    expect(Date.now() - startedAt).toBeLessThan(boundMs + 1_000 + 3 * usualMs)
    expect(losses).toEqual(['evicted'])
    // Its credentials still work, so that it goes on as another process.
    expect(await evicted.access(ID, 'all', ({ state }) => state.count)).toBe(2)
    expect(await holderOf(ID)).not.toBe(processId)
  })

  it('ends a process that sends its messages over HTTPS: there is no connection to close', async () => {
    const evicted = suite.client({ transport: 'https' })
    const losses: unknown[] = []
    evicted.on('lost', ({ error }) => losses.push((error as { readonly reason?: string }).reason))
    await evicted.access('over HTTPS', 'all', ({ state }) => void (state.count = 1))
    expect(await evict(await holderOf('over HTTPS'), options())).toMatchObject({ closed: 0 })
    const next = suite.client()
    expect(await next.access('over HTTPS', 'all', ({ state }) => (state.count = (state.count ?? 0) + 1))).toBe(2)
    expect(losses).toEqual(['evicted'])
  })

  it('may repeat an eviction, and learns of a process that there is not', async () => {
    const client = suite.client()
    await client.access('another', 'all', ({ state }) => void (state.count = 1))
    const processId = await holderOf('another')
    expect(await evict(processId, options())).toMatchObject({ closed: 1 })
    expect(await evict(processId, options())).toMatchObject({ closed: 0 })
    expect(await evict('x'.repeat(16), options())).toBeUndefined()
    await expect(evict('S#lock', options())).rejects.toThrow(RangeError)
  })

  it('has no right to a lock, to a session or to a connection of its own', async () => {
    const { region, dynamoDbEndpoint: endpoint, credentials, locksTable } = options()
    const client = new DynamoDBClient({ region, endpoint, credentials })
    const values = { ':x': { N: '1' } }
    const lock = { TableName: locksTable, Key: { pk: { S: `S#${sessionKey(ID)}` } } }
    const session = { TableName: suite.stack.config.sessionsTable, Key: { pk: { S: sessionKey(ID) } } }
    const requests = [
      () =>
        client.send(
          new UpdateItemCommand({ ...lock, UpdateExpression: 'SET x = :x', ExpressionAttributeValues: values }),
        ),
      () => client.send(new GetItemCommand(lock)),
      () => client.send(new GetItemCommand(session)),
    ]
    for (const request of requests) await expect(request()).rejects.toMatchObject({ name: 'AccessDeniedException' })
    client.destroy()
    const intruder = suite.client({ credentials, timeoutMs: 9_000 })
    await expect(intruder.access(ID, 'all', () => 'in')).rejects.toMatchObject({ code: 'UNREACHABLE' })
  })
})
