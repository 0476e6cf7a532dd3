import { connectionKey } from '../protocol/keys.js'
import type { StoreMessage } from '../protocol/messages.js'
import { readConnection } from '../protocol/process/record.js'
import { type Hello, hello } from './hello.js'
import { KnownConnections } from './known-connections.js'
import { markOf } from './mark.js'
import type { Address, Deps, Speaker } from './ports.js'

/** Who sends a message, as far as the way shows it by which the message came. */
export interface Callers<C extends Address> {
  greet(caller: C, message: Hello): Promise<StoreMessage>
  /** The process of this caller, where this environment knows it. */
  senderOf(caller: C): Speaker | undefined
  /** The same, from the table. */
  identify(caller: C): Promise<Speaker | undefined>
}

/** Callers over connections of the gateway: each connection belongs to one process. */
export class ConnectedCallers implements Callers<Address> {
  private readonly connections: KnownConnections

  constructor(private readonly deps: Deps) {
    this.connections = new KnownConnections(deps.nowMs)
  }

  greet(caller: Address, message: Hello): Promise<StoreMessage> {
    return hello(this.deps, caller, message)
  }

  senderOf({ connectionId }: Address): Speaker | undefined {
    return this.connections.senderOf(connectionId)
  }

  async identify({ connectionId }: Address): Promise<Speaker | undefined> {
    const { processId, principal } = readConnection(await this.deps.store.get('locks', connectionKey(connectionId)))
    if (processId === undefined) return undefined
    const namespaces = principal === undefined ? undefined : this.deps.namespaces.get(principal)
    const sender = { processId, mark: markOf(principal), namespaces }
    this.connections.remember(connectionId, sender)
    return sender
  }
}
