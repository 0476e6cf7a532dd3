import type { AccessSession } from '../access/access-session.js'
import type { Peeked } from '../api.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { encodeValue } from '../codec/index.js'
import type { Attributes, Facts, WirePeeked } from './messages.js'
import { toWire } from './wire-error.js'

/** The forms in which sessions are sent to a worker thread. */

export function factsOf(session: AccessSession): Facts {
  const { life, context } = session.hold
  return {
    epoch: session.epoch,
    isNew: session.isNew,
    absence: session.absence,
    isFixed: life.isFixed,
    createdAt: life.createdAt,
    lastAccessAtMs: session.lastAccessAt.getTime(),
    rev: session.rev,
    ttlMs: session.ttlMs,
    ownTtlMs: life.ownTtlMs,
    aliveUntilMs: session.aliveUntil.getTime(),
    nowMs: context.clock.wallMs(),
    wanted: session.wanted,
  }
}

/** The attributes under these locks, by default under all that the access has. */
export function attributesOf({ content }: AccessSession, locks?: LockRequest): Attributes {
  return Array.from(content.attributesUnder(locks), ({ name, stored, current, problem }) => {
    if (problem !== undefined) return [name, stored, undefined, toWire(problem)] as const
    return current === stored ? ([name, stored] as const) : ([name, stored, current] as const)
  })
}

/** An attribute that cannot be read does not keep the thread from reading the others. */
export function peeked(found: Peeked<Record<string, unknown>> | undefined): WirePeeked | undefined {
  if (found === undefined) return undefined
  const { state, rev, createdAt, ttlMs, aliveUntil, isTouchDue } = found
  const attributes = Object.keys(state).map((name) => {
    try {
      return [name, encodeValue(state[name], name)] as const
    } catch (problem) {
      return [name, { NULL: true }, undefined, toWire(problem)] as const
    }
  })
  const [createdAtMs, aliveUntilMs] = [createdAt.getTime(), aliveUntil.getTime()]
  return { attributes, rev, createdAtMs, ttlMs, aliveUntilMs, isTouchDue }
}
