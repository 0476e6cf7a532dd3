import { InternalError } from '../protocol/assert.js'
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
import { isWithin } from '../protocol/process/namespaces.js'
import { NewerRecordError } from '../protocol/record-fields.js'
import { acquire, cancel } from './acquire.js'
import type { Callers } from './callers.js'
import type { Hello } from './hello.js'
import type { Address, Deps, Sender } from './ports.js'
import { RateLimit } from './rate-limit.js'
import { busy, keep, release } from './release.js'
import { renew, retire } from './renewals.js'

type Handler<M> = (deps: Deps, sender: Sender, message: M) => Promise<StoreMessage>
export type Handlers = { readonly [T in ClientMessageType]?: Handler<Extract<ClientMessage, { type: T }>> }

/** The messages of each function. Releases and renewals are apart from acquires, so that a storm cannot starve them. */
export const GRANT_HANDLERS: Handlers = { acquire, cancel }
export const RELEASE_HANDLERS: Handlers = { release, busy, keep, renew, retire }

/** Turns message bodies into answers: exactly one for each body, even for a damaged one. */
export class Dispatcher<C extends Address> {
  /** All messages of processes but `renew` and `retire`. */
  private readonly work: RateLimit
  /**
   * `renew` and `retire`, counted by process; and messages of unknown senders, counted by connection. The keys of
   * processes and of connections differ.
   */
  private readonly rare: RateLimit

  constructor(
    private readonly deps: Deps,
    private readonly handlers: Handlers,
    private readonly callers: Callers<C>,
  ) {
    this.work = new RateLimit({ burstMax: MESSAGES_BURST_MAX, perSecondMax: MESSAGES_PER_SECOND_MAX }, deps.nowMs)
    this.rare = new RateLimit(
      { burstMax: RARE_MESSAGES_BURST_MAX, perSecondMax: RARE_MESSAGES_PER_SECOND_MAX },
      deps.nowMs,
    )
  }

  /** `receivedMs` is when the gateway received the message, where it says so. */
  async answer(caller: C, body: unknown, receivedMs = this.deps.nowMs()): Promise<StoreMessage> {
    const parsed = parseClientMessage(body)
    if (!parsed.ok) {
      if (!this.rare.take(connectionKey(caller.connectionId))) return tooMany(parsed.about)
      return { type: 'refused', code: parsed.code, message: parsed.problem, ...parsed.about }
    }
    const { message } = parsed
    try {
      return message.type === 'hello'
        ? await this.greet(caller, message)
        : await this.carryOut(caller, message, receivedMs)
    } catch (error) {
      // The sender's retry or nudge mends it. An error's text might quote a record, so the log has only its kind. A
      // broken rule is logged too, since it is a fixed text; and that of a newer record, which has only numbers.
      const rule = error instanceof InternalError ? error.rule : undefined
      const newer = error instanceof NewerRecordError ? error.message : undefined
      const logged = { error: (error as Error)?.name, rule: rule ?? newer }
      this.deps.log({ level: 'error', event: 'failed', of: message.type, ...logged })
      return refuse(message, 'INTERNAL', newer ?? 'the store could not carry this out now: try again')
    }
  }

  private async greet(caller: C, message: Hello): Promise<StoreMessage> {
    if (!this.rare.take(connectionKey(caller.connectionId))) return tooMany(about(message))
    return this.callers.greet(caller, message)
  }

  private async carryOut(caller: C, message: ClientMessage, receivedMs: number): Promise<StoreMessage> {
    const handler = this.handlers[message.type] as Handler<ClientMessage> | undefined
    const stranger = connectionKey(caller.connectionId)
    if (handler === undefined) {
      if (!this.rare.take(stranger)) return tooMany(about(message))
      return refuse(message, 'UNKNOWN_TYPE', 'this route does not take this message')
    }
    let sender = this.callers.senderOf(caller)
    if (sender === undefined) {
      // Each message of an unknown sender costs a read.
      if (!this.rare.allows(stranger)) return tooMany(about(message))
      sender = await this.callers.identify(caller)
    }
    if (sender === undefined) {
      if (!this.rare.take(stranger)) return tooMany(about(message))
      return refuse(message, 'NO_HELLO', "send 'hello' first on every connection")
    }
    const rate = message.type === 'renew' || message.type === 'retire' ? this.rare : this.work
    if (!rate.take(processKey(sender.processId))) return tooMany(about(message))
    this.deps.processes.heard(sender.processId, caller.connectionId)
    if ('session' in message && !isWithin(sender.namespaces, message.session)) {
      return refuse(message, 'FORBIDDEN', 'this principal may not use this namespace')
    }
    return handler(this.deps, { ...sender, receivedMs }, message)
  }
}

const about = (message: ClientMessage): RefusedMessage => correlate(message.type, { ...message })

const refuse = (
  message: ClientMessage,
  code: 'UNKNOWN_TYPE' | 'NO_HELLO' | 'FORBIDDEN' | 'INTERNAL',
  problem: string,
): StoreMessage => ({ type: 'refused', code, message: problem, ...about(message) })

const tooMany = (of: RefusedMessage): StoreMessage => ({
  type: 'refused',
  code: 'TOO_MANY_MESSAGES',
  message: 'more messages than one process may send: try again later',
  ...of,
})
