import { EventEmitter } from 'node:events'
import { type HoldfastError, InvalidArgumentError } from './errors/index.js'
import { soon } from './microtask.js'
import { kindOf, shown } from './options/check.js'
import { outsideAccesses } from './scope.js'

/**
 * The events of a client, for metrics and logs. `session` is the hashed key: it identifies a session without being its
 * id.
 */
export interface HoldfastEvents {
  /** The store has given the session to this process. `epoch` is the fencing token of the grant. */
  granted: [{ readonly session: string; readonly epoch: number }]
  /** Another process asks for the session: it is given back when the accesses that run have ended. */
  revoked: [{ readonly session: string; readonly epoch: number }]
  /** The session has been given back. */
  released: [{ readonly session: string; readonly epoch: number }]
  /**
   * The process has lost the session, or a commit that no access awaited has failed; `error` says why. `unwritten`
   * counts accesses with `durability: 'release'` that had resolved and whose changes are lost, or may be lost because a
   * commit was under way.
   */
  lost: [{ readonly session: string; readonly error: HoldfastError; readonly unwritten: number }]
  /** The connection to the store has been made or lost; `detail` says why it was lost, where that is known. */
  connection: [{ readonly state: 'connected' | 'disconnected'; readonly detail: string | undefined }]
}

const EVENTS: { readonly [E in keyof HoldfastEvents]: true } = {
  granted: true,
  revoked: true,
  released: true,
  lost: true,
  connection: true,
}

function checkListener(event: unknown, listener: unknown): void {
  if (typeof event !== 'string' || !Object.hasOwn(EVENTS, event)) {
    throw new InvalidArgumentError(`there is no event ${shown(event)}: known are ${Object.keys(EVENTS).join(', ')}`)
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
  private readonly emitter = new EventEmitter()

  tell<E extends keyof HoldfastEvents>(event: E, ...args: HoldfastEvents[E]): void {
    outsideAccesses(() => soon(() => void this.emitter.emit(event, ...args)))
  }

  on(event: unknown, listener: unknown): void {
    checkListener(event, listener)
    this.emitter.on(event as string, listener as () => void)
  }

  off(event: unknown, listener: unknown): void {
    checkListener(event, listener)
    this.emitter.off(event as string, listener as () => void)
  }
}
