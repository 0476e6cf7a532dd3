import type { SessionKey } from '../../protocol/keys.js'
import { readSession, type SessionRecord } from '../../protocol/state/record.js'
import { CorruptStateError } from '../errors/index.js'
import { READ_TIMEOUT_MS } from '../limits.js'
import type { ClientContext } from '../session/context.js'
import { attemptUntil, unreachable } from '../state/dynamodb-retry.js'

/** Reads the record of a session from DynamoDB, without a lock and strongly consistent. `unneeded` ends the read. */
export async function readRecord(
  { store, clock, randomness }: ClientContext,
  key: SessionKey,
  unneeded: AbortSignal,
): Promise<SessionRecord | undefined> {
  const tried = await attemptUntil(
    clock.monotonicMs() + READ_TIMEOUT_MS,
    (signal) => store.get('sessions', key, signal),
    clock,
    randomness,
    () => true,
    unneeded,
  )
  if (!tried.ok) throw unreachable('cannot read the session', tried.error)
  return CorruptStateError.guard(() => readSession(tried.value))
}
