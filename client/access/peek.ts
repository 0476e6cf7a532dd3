import type { SessionKey } from '../../protocol/keys.js'
import { isAlive } from '../../protocol/state/record.js'
import { compileLockRequest } from '../attribute-locks/lock-request.js'
import { NotLockedError } from '../errors/index.js'
import type { ClientContext } from '../session/context.js'
import { SessionLife } from '../session/life.js'
import { AttributeCache } from '../state/attribute-cache.js'
import { AccessState } from '../state/state-view.js'
import { readRecord } from './read-record.js'

/** An access that reads everything and never ends. */
const READER = { ticket: { request: compileLockRequest({ all: 'read' }) }, checkUsable() {} }

/** The last commit of a session, read without a lock; undefined where there is no such session. */
export async function peek(context: ClientContext, key: SessionKey, closed: AbortSignal) {
  const record = await readRecord(context, key, closed)
  const nowMs = context.clock.wallMs()
  if (!isAlive(record, nowMs)) return undefined
  const state = readOnlyState(new AttributeCache(record.attrs ?? {}, context.options))
  const life = new SessionLife(record, false, context.clock, context.options)
  return {
    state,
    rev: record.rev,
    createdAt: new Date(record.createdAt),
    ttlMs: life.ttlMs,
    aliveUntil: new Date(record.aliveUntil),
    isTouchDue: life.isTouchDueAt(nowMs),
  }
}

class PeekedState extends AccessState {
  protected override checkWritable(name: string): never {
    throw new NotLockedError(name, 'peek')
  }
}

/** The state of an access that reads everything. Each attribute is decoded, and passes its schema, when it is touched. */
export function readOnlyState(attributes: AttributeCache): Record<string, unknown> {
  return new PeekedState(attributes, READER).proxy
}
