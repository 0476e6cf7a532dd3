import { channel } from 'node:diagnostics_channel'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import type { LockedNames, LocksMessage } from '../events.js'
import { soon } from '../microtask.js'
import { outsideAccesses } from '../scope.js'
import type { ClientContext } from './context.js'
import type { Ticket } from './ticket.js'

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
