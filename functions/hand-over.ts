import type { SessionKey } from '../protocol/keys.js'
import { ACQUIRE_ROUNDS_MAX } from '../protocol/limits.js'
import { isHeldBy } from '../protocol/lock/holder.js'
import { type Holder, type LockRecord, readLock } from '../protocol/lock/record.js'
import { handOverWrite } from '../protocol/lock/release.js'
import type { Deps } from './ports.js'

export interface HandedOver {
  readonly applied: boolean
  /** As it is after this, or as it was found where nothing was applied. */
  readonly lock: LockRecord | undefined
}

/**
 * Takes a lock from its holder, and gives it to the next in line. One write is enough where the record is known, or where
 * all waiters are of one principal. `lock` is undefined where the record is not known. Where others keep changing the
 * queue, the lock stays with its holder: a timer or a nudge tries again.
 */
export async function handOver(
  deps: Deps,
  session: SessionKey,
  from: Holder,
  lock: LockRecord | undefined,
): Promise<HandedOver> {
  let seen = lock
  for (let round = 0; round < ACQUIRE_ROUNDS_MAX; round += 1) {
    const write = handOverWrite(session, { ...from, nowMs: deps.nowMs() }, seen)
    const { applied, item } = await deps.store.update(write)
    seen = readLock(item)
    if (applied || !isHeldBy(seen, from)) return { applied, lock: seen }
  }
  return { applied: false, lock: seen }
}
