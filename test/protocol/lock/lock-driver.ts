import type { Store, Update } from '../../../protocol/dynamodb.js'
import { lockKey, type SessionKey } from '../../../protocol/keys.js'
import { planAcquire, planCancel } from '../../../protocol/lock/acquire.js'
import { isHeldBy } from '../../../protocol/lock/holder.js'
import { join } from '../../../protocol/lock/join-writes.js'
import { type LockRecord, readLock, type Seat } from '../../../protocol/lock/record.js'
import { handOverWrite } from '../../../protocol/lock/release.js'
import * as writes from '../../../protocol/lock/writes.js'
import { compileTiming } from '../../../protocol/timing.js'

const ROUNDS_MAX = 20

/**
 * The work of the functions on one lock, made of the protocol's decisions and writes and nothing else: no leases, no
 * pushes, no answers. Between any two calls of the store others may change the record.
 */
export class LockDriver {
  constructor(
    private readonly store: Pick<Store, 'update' | 'get'>,
    private readonly session: SessionKey,
    private readonly nowMs: () => number,
  ) {}

  /** Ends with a grant, with a place in the queue, or without either where a newer request is on record. */
  async acquire(me: Seat, above?: number): Promise<void> {
    let lock = await this.read()
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const update = this.acquireWrite(lock, me, above)
      if (update === undefined) return
      const outcome = await this.store.update(update)
      lock = readLock(outcome.item)
    }
  }

  async cancel(me: Seat): Promise<void> {
    let lock = await this.read()
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const step = planCancel(lock, me)
      if (step.kind === 'nothing') return
      const outcome = await this.store.update(
        step.kind === 'dequeue'
          ? writes.dequeue(this.session, step)
          : handOverWrite(this.session, { holder: me.p, epoch: step.epoch, nowMs: this.nowMs() }, lock),
      )
      lock = readLock(outcome.item)
    }
  }

  async release(p: string, epoch: number): Promise<void> {
    let lock: LockRecord | undefined
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const { applied, item } = await this.store.update(
        handOverWrite(this.session, { holder: p, epoch, nowMs: this.nowMs() }, lock),
      )
      lock = readLock(item)
      if (applied || !isHeldBy(lock, { holder: p, epoch })) return
    }
  }

  /** Takes the lock back from its holder, as from a dead process. */
  async reclaim(): Promise<void> {
    const lock = await this.read()
    if (lock?.holder !== undefined) await this.release(lock.holder.p, lock.epoch)
  }

  private async read(): Promise<LockRecord | undefined> {
    return readLock(await this.store.get('locks', lockKey(this.session)))
  }

  private acquireWrite(lock: LockRecord | undefined, me: Seat, above: number | undefined): Update | undefined {
    const { session } = this
    const nowMs = this.nowMs()
    const step = planAcquire(lock, { me, above, since: undefined }, { timing: compileTiming(), nowMs })
    switch (step.kind) {
      case 'grant':
        return step.above === undefined
          ? writes.grant(session, me, nowMs)
          : writes.grantAbove(session, me, { above: step.above, nowMs })
      case 'regrant':
        return writes.regrant(session, { ...step, me, nowMs })
      case 'raise':
        return writes.raise(session, { ...step, me, nowMs })
      case 'handOver':
        return handOverWrite(session, { holder: me.p, epoch: step.epoch, nowMs }, lock)
      case 'replace':
        return writes.replaceWaiter(session, { ...step, me })
      case 'enqueue':
        return join(session, me, { ...step.join, nowMs })
      default:
        return undefined
    }
  }
}
