import { channel } from 'node:diagnostics_channel'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { soon } from '../microtask.js'
import { outsideAccesses } from '../scope.js'
import type { ClientContext } from './context.js'
import type { Ticket } from './ticket.js'

/** Names of attributes, as an access locks them. */
export interface LockedNames {
  /** The whole session, with attributes that are not named. */
  readonly all: 'write' | 'read' | undefined
  readonly write: readonly string[]
  readonly read: readonly string[]
}

/**
 * The message of the channel `holdfast:locks` of `node:diagnostics_channel`: what one access has locked of one session
 * from now on, and what it waits for. It has names of attributes, and no values.
 */
export interface LocksMessage {
  readonly namespace: string
  /** The hashed key, as in the events. */
  readonly session: string
  /** The grant under which the process holds the session. */
  readonly epoch: number
  /** All messages of one access to one session have the same number, and no other access of the process has it. */
  readonly access: number
  readonly label: string
  /** Undefined before it runs, and when it has ended. */
  readonly has: LockedNames | undefined
  /** Undefined where it waits for nothing. Without `has` and `waitsFor` the access has ended, or given up. */
  readonly waitsFor: LockedNames | undefined
  /**
   * Since when it waits; or, without `waitsFor`, since when it had waited for its first locks, also for the session itself.
   * It is `atMs` where it had not. As `performance.now()`.
   */
  readonly sinceMs: number
  /** When it became so, as `performance.now()`. */
  readonly atMs: number
}

/** The hold of the session that the access is in. */
export interface NewsOf {
  readonly context: ClientContext
  readonly grant: { readonly session: string; readonly epoch: number }
}

const locks = channel('holdfast:locks')
/** The accesses that were told. Without a subscriber nothing is remembered. */
const numbers = new WeakMap<Ticket, number>()
let lastNumber = 0

/** An access waits for its first locks, or has them. */
export function tellBegun(hold: NewsOf, ticket: Ticket): void {
  if (!locks.hasSubscribers) return
  if (!numbers.has(ticket)) numbers.set(ticket, ++lastNumber)
  tellChanged(hold, ticket)
}

/** An access waits for more locks, those of `extension`; or its locks are others now. */
export function tellChanged(hold: NewsOf, ticket: Ticket, extension?: Ticket): void {
  if (!locks.hasSubscribers) return
  const isRunning = ticket.runningSinceMs !== undefined
  const has = isRunning ? ticket.request : undefined
  publish(hold, ticket, has, extension?.request ?? (isRunning ? undefined : ticket.request), extension ?? ticket)
}

/** An access has ended, or does not wait in this hold any more. */
export function tellFreed(hold: NewsOf, ticket: Ticket): void {
  if (!locks.hasSubscribers) return
  publish(hold, ticket, undefined, undefined, ticket)
  numbers.delete(ticket)
}

function publish(
  { context, grant }: NewsOf,
  ticket: Ticket,
  has: LockRequest | undefined,
  waitsFor: LockRequest | undefined,
  { waitingSinceMs }: Ticket,
): void {
  const access = numbers.get(ticket)
  if (access === undefined) return
  const atMs = context.clock.monotonicMs()
  const message: LocksMessage = {
    namespace: context.options.namespace,
    session: grant.session,
    epoch: grant.epoch,
    access,
    label: ticket.options.label,
    has: named(has),
    waitsFor: named(waitsFor),
    sinceMs: waitingSinceMs ?? atMs,
    atMs,
  }
  // As other events: a subscriber is neither inside an access nor in the middle of a change.
  outsideAccesses(() => soon(() => locks.publish(message)))
}

const named = (request: LockRequest | undefined): LockedNames | undefined =>
  request && {
    all: request.whole && (request.whole === 'exclusive' ? 'write' : 'read'),
    write: [...request.writes],
    read: [...request.reads],
  }
