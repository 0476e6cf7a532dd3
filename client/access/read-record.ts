import type { SessionKey } from '../../protocol/keys.js'
import { readSession, type SessionRecord } from '../../protocol/state/record.js'
import { CorruptStateError } from '../errors/index.js'
import type { ClientContext } from '../session/context.js'
import { unreachable } from '../state/dynamodb-retry.js'

/** Reads the record of a session from DynamoDB, without a lock and strongly consistent. `unneeded` ends the read. */
export async function readRecord(
  context: ClientContext,
  key: SessionKey,
  unneeded: AbortSignal,
): Promise<SessionRecord | undefined> {
  const { reads, store } = context
  const tried = await reads.attempt(
    reads.untilMs,
    (signal) => store.get('sessions', key, signal),
    () => true,
    unneeded,
  )
  if (!tried.ok) throw unreachable('cannot read the session', tried.error)
  return CorruptStateError.guard(() => readSession(tried.value))
}
