import type { StoreUnderTest } from '../under-test.js'
import { describeFacts } from './facts.js'
import { describeLockWrites } from './locks.js'
import { describeProcessWrites } from './processes.js'
import { describeQueueWrites } from './queues.js'
import { describeRequests } from './requests.js'
import { describeRotations } from './rotations.js'
import { describeStateWrites } from './sessions.js'
import { describeTransactions } from './transactions.js'
import { describeValues } from './values.js'

/** The duties of every store. Both implementations pass these tests, so that a test on one holds for the other. */
export function describeStore(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let subject: StoreUnderTest

    beforeAll(async () => {
      subject = await makeStore()
    }, 60_000)
    beforeEach(() => subject.clear())
    afterAll(() => subject?.close())

    describe('lock writes', () => describeLockWrites(() => subject))
    describe('queue writes', () => describeQueueWrites(() => subject))
    describe('process writes', () => describeProcessWrites(() => subject))
    describe('state writes', () => describeStateWrites(() => subject))
    describe('a rotation', () => describeRotations(() => subject))
    describe('expressions', () => describeFacts(() => subject))
    describe('requests', () => describeRequests(() => subject))
    describe('transactions', () => describeTransactions(() => subject))
    describe('values', () => describeValues(() => subject))
  })
}
