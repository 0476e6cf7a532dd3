import { describeFacts } from './conformance-facts.js'
import { describeLockWrites } from './conformance-locks.js'
import { describeProcessWrites } from './conformance-processes.js'
import { describeQueueWrites } from './conformance-queues.js'
import { describeRequests } from './conformance-requests.js'
import { describeRotations } from './conformance-rotations.js'
import { describeStateWrites } from './conformance-sessions.js'
import { describeTransactions } from './conformance-transactions.js'
import { describeValues } from './conformance-values.js'
import type { StoreUnderTest } from './under-test.js'

/** What every store must do. Both implementations pass it, so that what is tested on one holds on the other. */
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
