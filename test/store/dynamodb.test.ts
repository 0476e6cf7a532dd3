import * as fc from 'fast-check'
import type { Store, TableName, Update } from '../../protocol/dynamodb.js'
import { MemoryStore } from '../../store/memory/memory-store.js'
import { timesEffort } from '../support/effort.js'
import { describeStore } from './conformance/index.js'
import { NOW } from './fixtures.js'
import { rawUpdate } from './random/expressions.js'
import { item } from './random/items.js'
import { toWrite, writeSequence } from './random/writes.js'
import { contentOf, describeResult, type Result, resultOf, transactResultOf } from './side-by-side.js'
import { makeDynamoDbStore, type StoreUnderTest, underTest } from './under-test.js'

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)
console.info(`stores side by side: SEED=${seed}`)

/** Sequences that run at once, so that DynamoDB Local is never idle. Each has keys of its own. */
const LANES = 4

let dynamoDb: StoreUnderTest

beforeAll(async () => {
  dynamoDb = await makeDynamoDbStore()
}, 60_000)
afterAll(() => dynamoDb?.close())

// The server outlives the suite, for the comparisons below.
describeStore('DynamoDbStore', async () => ({ ...dynamoDb, close: async () => {} }))

const SEQUENCES = timesEffort(40)
const CASES = timesEffort(120)
/** Some seconds each; a machine that is busy with other work takes minutes. */
const PROPERTY_MS = 900_000
jest.setTimeout(300_000)

describe('the memory store does what DynamoDB does', () => {
  let memory: MemoryStore
  const NONE_YET = { applied: 0, conditionFailed: 0, transacted: 0, cancelled: 0, refused: 0 }
  const kinds = { ...NONE_YET }

  beforeEach(async () => {
    memory = new MemoryStore()
    Object.assign(kinds, NONE_YET)
    await dynamoDb.clear()
  })

  /** Makes the write on both and expects the same of both, down to the items that it leaves. */
  async function expectSame(write: Update | readonly Update[]): Promise<void> {
    const resultOn = (store: Store): Promise<Result> =>
      'table' in write ? resultOf(store, write) : transactResultOf(store, write)
    const real = await resultOn(dynamoDb.store)
    const simulated = await resultOn(memory)
    if (describeResult(simulated) !== describeResult(real)) {
      const both = `DynamoDB: ${describeResult(real)}\nmemory:   ${describeResult(simulated)}`
      throw new Error(`the stores differ after ${JSON.stringify(write)}\n${both}`)
    }
    kinds[real.kind] += 1
  }

  async function expectSameContent(): Promise<void> {
    for (const table of ['locks', 'sessions'] satisfies TableName[]) {
      expect(await contentOf(underTest(memory), table)).toBe(await contentOf(dynamoDb, table))
    }
  }

  async function inLanes<T>(property: fc.IAsyncPropertyWithHooks<T>, runs: number): Promise<void> {
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      fc.assert(property, { seed: seed + lane, numRuns: Math.ceil(runs / LANES) }),
    )
    const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  test(
    'through random sequences of the protocol’s writes, step by step',
    async () => {
      let sequences = 0
      const property = fc.asyncProperty(writeSequence, async (sequence) => {
        sequences += 1
        const own = sequences
        const session = `random-${own}#${'x'.repeat(43)}`
        let nowMs = NOW
        for (const given of sequence) {
          nowMs += given.stepMs
          const process = `${given.process}-${own}`
          const write = await toWrite(memory, session, { ...given, process }, nowMs)
          await expectSame('table' in write ? { ...write, returns: 'new' } : write)
        }
      })
      await inLanes(property, SEQUENCES)
      await expectSameContent()
      expect(kinds.applied).toBeGreaterThan(6 * SEQUENCES)
      expect(kinds.conditionFailed).toBeGreaterThan(6 * SEQUENCES)
      expect(kinds.transacted).toBeGreaterThan(1)
      expect(kinds.cancelled).toBeGreaterThan(10)
      expect(kinds.refused).toBe(0)
    },
    PROPERTY_MS,
  )

  test(
    'with random expressions, right and wrong',
    async () => {
      let cases = 0
      const property = fc.asyncProperty(
        item,
        fc.array(rawUpdate, { minLength: 1, maxLength: 6 }),
        async (first, updates) => {
          cases += 1
          const key = `case-${cases}`
          if (first !== undefined) {
            await dynamoDb.put('sessions', key, first)
            memory.put('sessions', key, first)
          }
          for (const raw of updates) await expectSame({ ...raw, table: 'sessions', key, returns: 'new' })
        },
      )
      await inLanes(property, CASES)
      await expectSameContent()
      for (const kind of ['applied', 'conditionFailed', 'refused'] as const)
        expect(kinds[kind]).toBeGreaterThan(CASES / 4)
    },
    PROPERTY_MS,
  )

  test(
    'with random transactions of up to three items, step by step',
    async () => {
      const names = ['x', 'y', 'z']
      const part = fc.record({ name: fc.constantFrom(...names), raw: rawUpdate })
      const parts = fc.uniqueArray(part, { minLength: 1, maxLength: 3, selector: ({ name }) => name })
      let cases = 0
      const property = fc.asyncProperty(
        fc.tuple(item, item, item),
        fc.array(parts, { minLength: 1, maxLength: 8 }),
        async (items, transactions) => {
          cases += 1
          const own = cases
          const keyOf = (name: string) => `transacted-${own}-${name}`
          for (const [index, first] of items.entries()) {
            if (first === undefined) continue
            await dynamoDb.put('sessions', keyOf(names[index] ?? ''), first)
            memory.put('sessions', keyOf(names[index] ?? ''), first)
          }
          for (const transaction of transactions) {
            await expectSame(
              transaction.map(({ name, raw }) => ({ ...raw, table: 'sessions', key: keyOf(name), returns: 'none' })),
            )
          }
        },
      )
      await inLanes(property, 160)
      await expectSameContent()
      for (const kind of ['transacted', 'cancelled', 'refused'] as const) expect(kinds[kind]).toBeGreaterThan(30)
    },
    PROPERTY_MS,
  )
})
