import type { Holdfast } from '../../client/index.js'
import { LocalStackSuite, NO_RENEWALS } from './local-stack-suite.js'

interface Basket {
  note: string
  count: number
}

/** DynamoDB bills a write by the size of the whole item, in KB: what is in a session beside its attributes takes little. */
const OVERHEAD_BYTES_MAX = 400
const ofSize = (kb: number): string => 'n'.repeat(kb * 1024 - OVERHEAD_BYTES_MAX)

describe('the write units of', () => {
  const suite = new LocalStackSuite<Basket>({ environment: NO_RENEWALS }, 'suite')

  /** The units that DynamoDB bills for writes to a table while the work runs. */
  const billed = async (table: string, work: () => Promise<unknown>): Promise<number> => {
    const before = suite.stack.requests.snapshot()
    await work()
    const writes = suite.stack.requests
      .since(before)
      .filter(({ target, operation }) => target === table && operation !== 'GetItem')
    expect(writes.every(({ outcome }) => outcome === 'ok')).toBe(true)
    return writes.reduce((sum, { units }) => sum + units, 0)
  }
  const fill = (holdfast: Holdfast<Basket>, id: string, kb: number) =>
    holdfast.access(id, { write: ['note'] }, ({ state }) => void (state.note = ofSize(kb)))
  const count = (holdfast: Holdfast<Basket>, id: string) =>
    holdfast.access(id, { write: ['count'] }, ({ state }) => void (state.count = (state.count ?? 0) + 1))
  const look = (holdfast: Holdfast<Basket>, id: string) =>
    holdfast.access(id, { read: ['count'] }, ({ state }) => state.count)

  describe.each([2, 10])('a session of %d KB', (kb) => {
    let holder: Holdfast<Basket>
    let id: string
    let sessions = 0
    const onSessions = (work: () => Promise<unknown>) => billed(suite.stack.config.sessionsTable, work)
    beforeEach(async () => {
      sessions += 1
      id = `number ${sessions} of ${kb} KB`
      holder = suite.client()
      await fill(holder, id, kb)
    })

    it('are its size for a commit, however little has changed', async () => {
      expect(await onSessions(() => count(holder, id))).toBe(kb)
    })

    it('are none for accesses that change nothing', async () => {
      await count(holder, id)
      const idle = async () => {
        for (let times = 0; times < 10; times += 1) await look(holder, id)
        await holder.access(id, 'all', ({ state }) => {
          state.count = (state.count ?? 0) + 0
          state.note = ofSize(kb)
        })
      }
      expect(await onSessions(idle)).toBe(0)
    })

    it('are its size for the claim of the next holder', async () => {
      await holder.release(id)
      expect(await onSessions(() => look(suite.client(), id))).toBe(kb)
    })

    it('are its size, beside the claim, for an access that only extends its life', async () => {
      await holder.release(id)
      // So small a share of its life has passed at any time.
      const next = suite.client({ touchShare: Number.MIN_VALUE })
      const claimed = await onSessions(async () => {
        await look(next, id)
        // The access does not wait for this write, the release does.
        await next.release(id)
      })
      expect(claimed).toBe(kb + kb)
    })

    it('are its size for its end', async () => {
      expect(await onSessions(() => holder.destroy(id))).toBe(kb)
    })

    it('are one for the claim of the new id, and its size for each of both, when it is rotated', async () => {
      // DynamoDB bills the writes of a transaction twice, DynamoDB Local once.
      expect(await onSessions(() => holder.rotate(id))).toBe(1 + kb + kb)
    })

    it('are one for each write to its lock', async () => {
      const next = suite.client()
      const onLocks = (work: () => Promise<unknown>) => billed(suite.stack.locksTable, work)
      await look(next, `beside ${id}`)
      expect(await onLocks(() => holder.release(id))).toBe(1)
      expect(await onLocks(() => look(next, id))).toBe(1)
    })
  })
})
