import { connectionKey } from '../protocol/keys.js'
import {
  type ClientMessage,
  type ClientMessageType,
  correlate,
  parseClientMessage,
  type StoreMessage,
} from '../protocol/messages.js'
import { readConnection } from '../protocol/records.js'
import { acquire, cancel } from './acquire.js'
import { type Caller, hello } from './hello.js'
import { busy, keep, release, renew, retire } from './holding.js'
import type { Deps, Sender } from './ports.js'

type Handler<M> = (deps: Deps, sender: Sender, message: M) => Promise<StoreMessage>
export type Handlers = { readonly [T in ClientMessageType]?: Handler<Extract<ClientMessage, { type: T }>> }

/** Which function handles what: releases and renewals are apart from acquires, so that a storm cannot starve them. */
export const GRANT_HANDLERS: Handlers = { acquire, cancel }
export const RELEASE_HANDLERS: Handlers = { release, busy, keep, renew, retire }

/** Connections that a warm function remembers: each belongs to one process for ever, so they never go stale. */
const REMEMBERED_CONNECTIONS_MAX = 10_000

/** Turns message bodies into answers: exactly one for each, whatever the body holds. */
export class Dispatcher {
  private readonly senders = new Map<string, Sender>()

  constructor(
    private readonly deps: Deps,
    private readonly handlers: Handlers,
  ) {}

  async answer(caller: Caller, body: unknown): Promise<StoreMessage> {
    const parsed = parseClientMessage(body)
    if (!parsed.ok) return { type: 'refused', code: parsed.code, message: parsed.problem, ...parsed.about }
    const { message } = parsed
    try {
      if (message.type === 'hello') return await hello(this.deps, caller, message)
      const handler = this.handlers[message.type] as Handler<ClientMessage> | undefined
      if (handler === undefined) return refuse(message, 'UNKNOWN_TYPE', 'this route does not take this message')
      const sender = await this.identify(caller.connectionId)
      if (sender === undefined) return refuse(message, 'NO_HELLO', "send 'hello' first on every connection")
      return await handler(this.deps, sender, message)
    } catch (error) {
      // The sender's retry or nudge mends it. Only the kind of error is logged: its text might quote a record.
      this.deps.log({ level: 'error', event: 'failed', of: message.type, error: (error as Error)?.name })
      return refuse(message, 'INTERNAL', 'the store could not carry this out now: try again')
    }
  }

  private async identify(connectionId: string): Promise<Sender | undefined> {
    const known = this.senders.get(connectionId)
    if (known !== undefined) return known
    const processId = readConnection(await this.deps.store.get('locks', connectionKey(connectionId)))
    if (processId === undefined) return undefined
    if (this.senders.size >= REMEMBERED_CONNECTIONS_MAX) this.senders.clear()
    const sender = { processId }
    this.senders.set(connectionId, sender)
    return sender
  }
}

const refuse = (
  message: ClientMessage,
  code: 'UNKNOWN_TYPE' | 'NO_HELLO' | 'INTERNAL',
  problem: string,
): StoreMessage => ({ type: 'refused', code, message: problem, ...correlate(message.type, { ...message }) })
