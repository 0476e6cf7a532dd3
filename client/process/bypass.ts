import {
  type ClientMessage,
  type ClientMessageType,
  parseStoreMessage,
  type StoreMessage,
} from '../../protocol/messages.js'
import type { Door, Speaker } from '../ports.js'
import type { Welcome } from './connection.js'

/** By these a process keeps or gives back what it has. To ask for more, it waits for a connection. */
const TYPES: ReadonlySet<ClientMessageType> = new Set(['renew', 'release', 'busy', 'keep', 'cancel', 'retire'])

interface BypassEvents {
  /** Whether the process has ended: then nothing is handled any more. */
  hasEnded(): boolean
  received(message: Exclude<StoreMessage, Welcome>): void
}

/** The way over HTTPS of a process whose connection is gone: so it keeps its lease, and others wait for none of its locks. */
export class Bypass {
  constructor(
    /** Undefined where there is no such way. */
    private readonly door: Door | undefined,
    private readonly speaker: Speaker,
    private readonly events: BypassEvents,
  ) {}

  get isOpen(): boolean {
    return this.door !== undefined
  }

  takes({ type }: ClientMessage): boolean {
    return this.isOpen && TYPES.has(type)
  }

  /** Resolves with the answer, or when there is none: the sender sends again. */
  async send(message: ClientMessage): Promise<void> {
    const reply = await this.door?.post(this.speaker, JSON.stringify(message))
    if (reply === undefined || 'failure' in reply || this.events.hasEnded()) return
    const answer = parseStoreMessage(reply.text)
    if (answer !== undefined && answer.type !== 'welcome') this.events.received(answer)
  }
}
