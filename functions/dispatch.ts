import { connectionKey, processKey } from '../protocol/keys.js'
import {
  MESSAGES_BURST_MAX,
  MESSAGES_PER_SECOND_MAX,
  RARE_MESSAGES_BURST_MAX,
  RARE_MESSAGES_PER_SECOND_MAX,
} from '../protocol/limits.js'
import {
  type ClientMessage,
  type ClientMessageType,
  correlate,
  parseClientMessage,
  type RefusedMessage,
  type StoreMessage,
} from '../protocol/messages.js'
import { readConnection } from '../protocol/process/record.js'
import { acquire, cancel } from './acquire.js'
import { type Caller, hello } from './hello.js'
import { Senders } from './known-connections.js'
import type { Deps, Sender } from './ports.js'
import { Rate } from './rate-limit.js'
import { busy, keep, release, renew, retire } from './release.js'

type Handler<M> = (deps: Deps, sender: Sender, message: M) => Promise<StoreMessage>
export type Handlers = { readonly [T in ClientMessageType]?: Handler<Extract<ClientMessage, { type: T }>> }

/** Which function handles what: releases and renewals are apart from acquires, so that a storm cannot starve them. */
export const GRANT_HANDLERS: Handlers = { acquire, cancel }
export const RELEASE_HANDLERS: Handlers = { release, busy, keep, renew, retire }

/** Turns message bodies into answers: exactly one for each, whatever the body holds. */
export class Dispatcher {
  private readonly senders: Senders
  /** What processes send, but for `renew` and `retire`. */
  private readonly work: Rate
  /** Those two, by process; and what comes from nobody in particular, by connection. Their names cannot be the same. */
  private readonly rare: Rate

  constructor(
    private readonly deps: Deps,
    private readonly handlers: Handlers,
  ) {
    this.senders = new Senders(deps.nowMs)
    this.work = new Rate(MESSAGES_BURST_MAX, MESSAGES_PER_SECOND_MAX, deps.nowMs)
    this.rare = new Rate(RARE_MESSAGES_BURST_MAX, RARE_MESSAGES_PER_SECOND_MAX, deps.nowMs)
  }

  async answer(caller: Caller, body: unknown): Promise<StoreMessage> {
    const parsed = parseClientMessage(body)
    if (!parsed.ok) {
      if (!this.rare.take(connectionKey(caller.connectionId))) return tooMany(parsed.about)
      return { type: 'refused', code: parsed.code, message: parsed.problem, ...parsed.about }
    }
    const { message } = parsed
    try {
      return message.type === 'hello' ? await this.greet(caller, message) : await this.carryOut(caller, message)
    } catch (error) {
      // The sender's retry or nudge mends it. Only the kind of error is logged: its text might quote a record.
      this.deps.log({ level: 'error', event: 'failed', of: message.type, error: (error as Error)?.name })
      return refuse(message, 'INTERNAL', 'the store could not carry this out now: try again')
    }
  }

  private async greet(caller: Caller, message: Extract<ClientMessage, { type: 'hello' }>): Promise<StoreMessage> {
    if (!this.rare.take(connectionKey(caller.connectionId))) return tooMany(about(message))
    return hello(this.deps, caller, message)
  }

  private async carryOut({ connectionId }: Caller, message: ClientMessage): Promise<StoreMessage> {
    const handler = this.handlers[message.type] as Handler<ClientMessage> | undefined
    const stranger = connectionKey(connectionId)
    if (handler === undefined) {
      if (!this.rare.take(stranger)) return tooMany(about(message))
      return refuse(message, 'UNKNOWN_TYPE', 'this route does not take this message')
    }
    let sender = this.senders.get(connectionId)
    if (sender === undefined) {
      // Each try to find out who this is costs a read.
      if (!this.rare.allows(stranger)) return tooMany(about(message))
      sender = await this.identify(connectionId)
    }
    if (sender === undefined) {
      if (!this.rare.take(stranger)) return tooMany(about(message))
      return refuse(message, 'NO_HELLO', "send 'hello' first on every connection")
    }
    const rate = message.type === 'renew' || message.type === 'retire' ? this.rare : this.work
    if (!rate.take(processKey(sender.processId))) return tooMany(about(message))
    return handler(this.deps, sender, message)
  }

  private async identify(connectionId: string): Promise<Sender | undefined> {
    const processId = readConnection(await this.deps.store.get('locks', connectionKey(connectionId)))
    return processId === undefined ? undefined : this.senders.remember(connectionId, processId)
  }
}

const about = (message: ClientMessage): RefusedMessage => correlate(message.type, { ...message })

const refuse = (
  message: ClientMessage,
  code: 'UNKNOWN_TYPE' | 'NO_HELLO' | 'INTERNAL',
  problem: string,
): StoreMessage => ({ type: 'refused', code, message: problem, ...about(message) })

const tooMany = (of: RefusedMessage): StoreMessage => ({
  type: 'refused',
  code: 'TOO_MANY_MESSAGES',
  message: 'more messages than one process may send: try again later',
  ...of,
})
