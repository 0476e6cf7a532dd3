import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { type HoldfastError, InvalidArgumentError } from './errors/index.js'
import { soon } from './microtask.js'
import { kindOf, shownUnlessId } from './options/check.js'
import { outsideAccesses } from './scope.js'

/**
 * The events of a client, for metrics and logs. `session` is the hashed key: it identifies a session without being its
 * id. `epoch` is the fencing token of the grant. All times are milliseconds, rounded.
 *
 * Each `granted` is followed by one `released` or `lost` of the same epoch, at `close()` too. Accesses to a session that
 * the process holds already make no event.
 *
 * Each event is also published, as a {@link HoldfastMessage} with the client's `namespace`, on a channel of
 * `node:diagnostics_channel` for all clients of the process: `holdfast:granted` and so on. Which attributes each access
 * locks is told on the channel `holdfast:locks` alone, as a {@link LocksMessage}.
 */
export interface HoldfastEvents {
  /**
   * The store has given the session to this process. `waitedMs` is the time from when accesses of this process began to
   * wait for it: the connection, the store, and the holder before are in it; reading the state is not.
   */
  granted: [{ readonly session: string; readonly epoch: number; readonly waitedMs: number }]
  /**
   * Another process asks for the session: it is given back soon. `session.wanted` is
   * true from now on, and `session.wantedSignal` is aborted. Comes once for each grant.
   */
  wanted: [{ readonly session: string; readonly epoch: number }]
  /**
   * The session has been given back, with all changes written. `heldMs` is the time since `granted`. `handoffMs` is the
   * time since `wanted`: how long another process had to wait for this one. It is undefined where no process asked.
   */
  released: [
    {
      readonly session: string
      readonly epoch: number
      readonly heldMs: number
      readonly handoffMs: number | undefined
    },
  ]
  /**
   * The process has lost the session, or a commit that no access awaited has failed; `error` says why. `heldMs` is the
   * time since `granted`. `unwritten` counts accesses with `durability: 'release'` that had resolved and whose changes
   * are lost, or may be lost because a commit was under way.
   */
  lost: [
    {
      readonly session: string
      readonly epoch: number
      readonly heldMs: number
      readonly error: HoldfastError
      readonly unwritten: number
    },
  ]
  /**
   * A commit is tried again, because DynamoDB refused it for the moment or did not answer. Comes once for each try after
   * the first; whether the commit landed, its access learns.
   */
  retried: [{ readonly session: string; readonly epoch: number }]
  /**
   * The connection to the store has been made or lost; `detail` says why it was lost, where that is known. `idle`: the
   * process has held no session for some leases, and sleeps until the next access, which connects. `close()` makes no such
   * event.
   */
  connection: [{ readonly state: 'connected' | 'disconnected' | 'idle'; readonly detail: string | undefined }]
}

/** The message of an event on its channel of `node:diagnostics_channel`. */
export type HoldfastMessage<E extends keyof HoldfastEvents> = HoldfastEvents[E][0] & { readonly namespace: string }

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

/** The channel of each event, for all clients. */
const CHANNELS = {
  granted: channel('holdfast:granted'),
  wanted: channel('holdfast:wanted'),
  released: channel('holdfast:released'),
  lost: channel('holdfast:lost'),
  retried: channel('holdfast:retried'),
  connection: channel('holdfast:connection'),
} satisfies { readonly [E in keyof HoldfastEvents]: object }

function checkListener(event: unknown, listener: unknown): void {
  if (typeof event !== 'string' || !Object.hasOwn(CHANNELS, event)) {
    throw new InvalidArgumentError(
      `there is no event ${shownUnlessId(event)}: known are ${Object.keys(CHANNELS).join(', ')}`,
    )
  }
  if (typeof listener !== 'function') {
    throw new InvalidArgumentError(`the listener must be a function, received ${kindOf(listener)}`)
  }
}

/**
 * The listeners of a client. Each event is told in a microtask of its own, so a listener that throws breaks nothing
 * that is under way. It is told outside the access that caused it, so an access that a listener begins waits its turn.
 */
export class Events {
  // Every part of an application may listen for itself: many listeners are no leak.
  private readonly emitter = new EventEmitter().setMaxListeners(0)

  constructor(private readonly namespace: string) {}

  tell<E extends keyof HoldfastEvents>(event: E, ...args: HoldfastEvents[E]): void {
    outsideAccesses(() => soon(() => this.publish(event, ...args)))
  }

  isHeard(event: keyof HoldfastEvents): boolean {
    return CHANNELS[event].hasSubscribers || this.emitter.listenerCount(event) > 0
  }

  on(event: unknown, listener: unknown): void {
    checkListener(event, listener)
    this.emitter.on(event as string, listener as () => void)
  }

  off(event: unknown, listener: unknown): void {
    checkListener(event, listener)
    this.emitter.off(event as string, listener as () => void)
  }

  private publish<E extends keyof HoldfastEvents>(event: E, ...args: HoldfastEvents[E]): void {
    const events = CHANNELS[event]
    // Node.js itself reports a subscriber that throws.
    if (events.hasSubscribers) events.publish({ namespace: this.namespace, ...args[0] } satisfies HoldfastMessage<E>)
    this.emitter.emit(event, ...args)
  }
}
