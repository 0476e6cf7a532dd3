import type { Holdfast, HoldfastOptions } from '../../client/index.js'
import { READ_TRIES_MAX, STATE_TRIES_MAX } from '../../client/limits.js'
import type { RecordedRequest } from '../../local/dynamodb/proxy.js'
import * as writes from '../../protocol/state/writes.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'

interface Shop {
  cart: number
  name: string
}
type Client = Holdfast<Shop>

/** The body of a request, as far as this looks at it. */
interface Input {
  readonly ConsistentRead?: boolean
  readonly ConditionExpression?: string
  readonly UpdateExpression?: string
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ReturnValues?: string
  readonly ReturnValuesOnConditionCheckFailure?: string
  readonly TransactItems?: readonly { readonly Update: Input }[]
}

const id = { epoch: 1, commitId: 'c' }
const end = { session: 'shop#s', epoch: 1, lastCommitId: 'b', rev: 1 }
const life = { createdAt: 1, aliveUntil: 2, ttlMs: undefined, nowMs: 1, commitId: 'c' }
const CLAIM = writes.claim('shop#s', id, 1)
const AFRESH = writes.claimAfresh('shop#s', id, { ttlMs: 1, nowMs: 1 })
const WHOLE = writes.commitWhole(end, { ...life, attrs: {} })
const DESTROY = writes.destroy(end, life)
const [MOVE, BURY] = writes.rotate({ ...life, from: end, to: end, attrs: {} })

/** The write of the protocol that this is; a commit with the attributes that it changes. */
function writeOf({ ConditionExpression, UpdateExpression = '', ExpressionAttributeNames = {} }: Input): string {
  const named = Object.entries({ CLAIM, AFRESH, WHOLE, DESTROY, MOVE, BURY }).find(
    ([, { condition, update }]) => condition === ConditionExpression && update === UpdateExpression,
  )
  if (named !== undefined) return named[0]
  const changes = new Map(Object.values(ExpressionAttributeNames).map((name) => [name, { S: '' }]))
  const commit = writes.commit(end, { ...life, changes })
  const isCommit = commit.condition === ConditionExpression && commit.update === UpdateExpression
  return isCommit ? `COMMIT(${[...changes.keys()].join()})` : `no write of the protocol: ${UpdateExpression}`
}

const updateInWords = (input: Input) =>
  `${writeOf(input)} returns ${input.ReturnValues ?? 'nothing'}, else ${input.ReturnValuesOnConditionCheckFailure}`

function inWords({ operation, input }: RecordedRequest): string {
  const { ConsistentRead, TransactItems } = input as Input
  if (operation === 'GetItem') return ConsistentRead === true ? 'read' : 'EVENTUALLY CONSISTENT read'
  if (operation === 'UpdateItem') return updateInWords(input as Input)
  const parts = (TransactItems ?? []).map(({ Update }) => updateInWords(Update))
  return `${operation}: ${parts.join('; ')}`
}

const claim = 'CLAIM returns ALL_NEW, else ALL_OLD'
const afresh = 'AFRESH returns ALL_NEW, else ALL_OLD'
const destroy = 'DESTROY returns NONE, else ALL_OLD'
const commit = (...names: readonly string[]) => `COMMIT(${names.join()}) returns NONE, else ALL_OLD`
const rotation = 'TransactWriteItems: MOVE returns nothing, else ALL_OLD; BURY returns nothing, else ALL_OLD'

const FAIL = { ifMissing: 'fail' } as const

describe('the requests of a client', () => {
  const suite = new LocalStackSuite<Shop>({ environment: NO_RENEWALS })
  /** All requests of the suite, of every caller. */
  const all: RecordedRequest[] = []
  let fault: (request: RecordedRequest) => boolean
  let made = 0
  let session: string
  beforeAll(() => {
    suite.stack.dynamodb.inject({
      beforeForward: (request) => {
        all.push(request)
        return request.caller === 'application' && fault(request) ? { refuse: 'InternalServerError' } : undefined
      },
    })
  })
  beforeEach(() => {
    fault = () => false
    session = `session ${(made += 1)}`
  })
  afterEach(() => jest.restoreAllMocks())

  /** What the application asks of DynamoDB while the work runs. */
  const requestsOf = async (work: () => Promise<unknown>) => {
    const before = all.length
    await work()
    return all
      .slice(before)
      .filter(({ caller }) => caller === 'application')
      .map(inWords)
  }
  const set = (client: Client, of = session, options = {}) =>
    client.access(of, { write: ['cart'] }, ({ state }) => void (state.cart = (state.cart ?? 0) + 1), options)
  const read = (client: Client, of = session, options = {}) =>
    client.access(of, { read: ['cart'] }, ({ state }) => state.cart, options)

  /** What there is before the call: nothing; a session that nobody holds; one that this client holds. */
  type Before = 'none' | 'stored' | 'held'
  const table: readonly [name: string, before: Before, call: (client: Client) => Promise<unknown>, string[]][] = [
    ['an access that makes the session', 'none', (client) => set(client), [claim, afresh, commit('cart')]],
    ['an access that reads, and makes the session', 'none', (client) => read(client), [claim, afresh, commit()]],
    [
      'an access that must find it, and does not',
      'none',
      (client) => read(client, session, FAIL).catch(() => {}),
      ['read'],
    ],
    ['an access that must find it', 'stored', (client) => read(client, session, FAIL), ['read', claim]],
    ['an access that must find what is held', 'held', (client) => read(client, session, FAIL), []],
    ['an access that reads', 'stored', (client) => read(client), [claim]],
    ['an access that reads what is held', 'held', (client) => read(client), []],
    ['an access that changes what is held', 'held', (client) => set(client), [commit('cart')]],
    [
      'an access that changes two attributes, and commits between',
      'held',
      (client) =>
        client.access(session, 'all', async (one) => {
          one.state.cart = 7
          await one.commit()
          one.state.name = 'Ada'
        }),
      [commit('cart'), commit('name')],
    ],
    [
      'an access that changes more attributes than one expression names',
      'held',
      async (client) => {
        const many = client as unknown as Holdfast<Record<string, number>>
        await many.access(session, 'all', ({ state }) => {
          for (let index = 0; index <= 100; index += 1) state[`a${index}`] = index
        })
      },
      ['WHOLE returns NONE, else ALL_OLD'],
    ],
    [
      'an access with another inside',
      'held',
      (client) => client.access(session, 'all', () => set(client)),
      [commit('cart')],
    ],
    [
      'accessMany',
      'held',
      (client) =>
        client.accessMany([session, `${session} b`], { write: ['cart'] }, (both) => {
          for (const { state } of both) state.cart = 9
        }),
      [claim, afresh, commit('cart'), commit('cart')],
    ],
    [
      'open and close',
      'stored',
      async (client) => {
        const one = await client.open(session, { write: ['cart'] })
        one.state.cart = 3
        await one.close()
      },
      [claim, commit('cart')],
    ],
    ['peek', 'held', (client) => client.peek(session), ['read']],
    ['create', 'none', (client) => client.create({ cart: 1 }), [afresh, commit('cart')]],
    ['create under an id', 'none', (client) => client.create({}, { id: session }), ['read', afresh, commit()]],
    ['destroy', 'stored', (client) => client.destroy(session), ['read', claim, destroy]],
    ['destroy of what is held', 'held', (client) => client.destroy(session), [destroy]],
    ['destroy of nothing', 'none', (client) => client.destroy(session), ['read']],
    ['rotate', 'held', (client) => client.rotate(session), [afresh, rotation]],
    [
      'rotate to an id',
      'stored',
      (client) => client.rotate(session, () => {}, { to: `${session} next` }),
      ['read', 'read', claim, afresh, rotation],
    ],
    ['release', 'held', (client) => client.release(session), []],
    ['close', 'held', (client) => client.close(), []],
  ]

  it.each(table)('are exactly these for %s (%s)', async (_name, before, call, expected) => {
    if (before === 'stored') {
      const other = suite.client()
      await set(other)
      await other.release(session)
    }
    const client = suite.client()
    if (before === 'held') await set(client)
    expect(await requestsOf(() => call(client))).toEqual(expected)
  })

  it('are one commit for all that was written behind, when the client closes', async () => {
    const client = suite.client({ durability: 'release' } as Partial<HoldfastOptions<Shop>>)
    await set(client)
    expect(await requestsOf(async () => [await set(client), await set(client)])).toEqual([])
    expect(await requestsOf(() => client.close())).toEqual([commit('cart')])
  })

  it('are one commit for the life of a session that is only read, once enough of it has passed', async () => {
    const client = suite.client({ touchShare: Number.MIN_VALUE })
    await set(client)
    const looking = async () => {
      await read(client)
      // The access does not wait for this write, the release does.
      await client.release(session)
    }
    expect(await requestsOf(looking)).toEqual([commit()])
  })

  const failing: readonly [string, Before, (client: Client) => Promise<unknown>, operation: string, tries: number][] = [
    ['a peek', 'held', (client) => client.peek(session), 'GetItem', READ_TRIES_MAX],
    ['a look', 'none', (client) => read(client, session, FAIL), 'GetItem', READ_TRIES_MAX],
    ['a claim', 'none', (client) => read(client), 'UpdateItem', READ_TRIES_MAX],
    ['a commit', 'held', (client) => set(client), 'UpdateItem', STATE_TRIES_MAX],
    ['a destruction', 'held', (client) => client.destroy(session), 'UpdateItem', STATE_TRIES_MAX],
    ['a rotation', 'held', (client) => client.rotate(session), 'TransactWriteItems', STATE_TRIES_MAX],
  ]
  it.each(failing)(
    'are tried by the client alone, and not by the SDK beside it: %s',
    async (_name, before, call, operation, tries) => {
      const client = suite.client()
      if (before === 'held') await set(client)
      // No pause between two tries.
      jest.spyOn(Math, 'random').mockReturnValue(0)
      fault = (request) => request.operation === operation
      const start = all.length
      await expect(call(client)).rejects.toMatchObject({
        code: expect.stringMatching(/^(UNREACHABLE|COMMIT_UNKNOWN)$/),
      })
      const tried = all
        .slice(start)
        .filter((request) => request.caller === 'application' && request.operation === operation)
      expect(tried).toHaveLength(tries)
      // Each sends the same: only so can one that has landed be told from a newer one.
      expect(new Set(tried.map(({ input }) => JSON.stringify({ ...input, ClientRequestToken: undefined }))).size).toBe(
        1,
      )
    },
  )

  // The last test: it looks at all the others.
  it('are of four kinds, and no read of anybody is eventually consistent', () => {
    const callers = new Set(all.map(({ caller }) => caller.replace(/[0-9A-F]{8}$/, '')))
    expect(callers.size).toBe(4)
    const kinds = ['DeleteItem', 'GetItem', 'TransactWriteItems', 'UpdateItem']
    expect([...new Set(all.map(({ operation }) => operation))].toSorted()).toEqual(kinds)
    const reads = all.filter(({ operation }) => operation === 'GetItem')
    expect(new Set(reads.map(({ target }) => target)).size).toBe(2)
    expect(reads.filter(({ input }) => input.ConsistentRead !== true)).toEqual([])
    const updates = all.filter(({ operation }) => operation === 'UpdateItem')
    expect(updates.filter(({ input }) => input.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD')).toEqual([])
  })
})
