import { type ClientMessage, parseStoreMessage, type StoreMessage } from '../../protocol/messages.js'
import { WELCOME_TIMEOUT_MS } from '../limits.js'
import type { Clock, ConnectFailure, Instant, Randomness, Socket, Timer, Transport } from '../ports.js'
import { type GatewayFrame, parseGatewayFrame } from './gateway-frame.js'
import { Greeting } from './greeting.js'

export type Welcome = Extract<StoreMessage, { type: 'welcome' }>
export type Refusal = Extract<StoreMessage, { type: 'refused' }>

export interface ConnectionEvents {
  /** Whether the process has ended: then nothing is handled any more. */
  isOver(): boolean
  /** The connection is open. Returns the `hello` to send, and the number of the connection in it. */
  opened(): { readonly hello: string; readonly gen: number }
  /** Its `hello` was answered; `sentAt` is when it was sent. */
  welcomed(welcome: Welcome, sentAt: Instant): void
  helloRefused(refusal: Refusal): void
  received(message: Exclude<StoreMessage, Welcome>): void
  /** The gateway says that a message was not carried out, but not which. The connection works. */
  turnedAway(frame: GatewayFrame): void
  /** The last event. `failure`: why it was never welcomed, where that is known. */
  closed(failure: ConnectFailure | undefined): void
}

type State =
  | { readonly kind: 'opening' }
  | { readonly kind: 'greeting'; readonly greeting: Greeting; readonly gen: number }
  | { readonly kind: 'welcome' }
  /** This side closes it, for it will not be welcomed. */
  | { readonly kind: 'givenUp'; readonly failure: ConnectFailure }
  /** The process that it speaks for has ended, and says so: `end` is for when it is closed. */
  | { readonly kind: 'retiring'; readonly end: () => void }
  | { readonly kind: 'closed' }

/** One connection to the store: it says `hello`, and is given up when it is not welcomed in time. */
export class Connection {
  private state: State = { kind: 'opening' }
  private readonly socket: Socket
  /** Ends the wait for the `welcome`. */
  private timeout: Timer

  constructor(
    transport: Transport,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: ConnectionEvents,
  ) {
    this.timeout = this.startTimeout()
    this.socket = transport.open({
      opened: () => this.greet(),
      received: (text) => {
        if (events.isOver() && this.state.kind !== 'retiring') return
        const message = parseStoreMessage(text)
        if (message !== undefined) return this.received(message)
        const frame = parseGatewayFrame(text)
        if (frame !== undefined) this.turnedAway(frame)
      },
      closed: (failure) => {
        const { state } = this
        const why = this.failureOf(failure)
        this.timeout.cancel()
        this.become({ kind: 'closed' })
        if (state.kind === 'retiring') state.end()
        events.closed(why)
      },
    })
  }

  send(text: string): void {
    this.socket.send(text)
  }

  close(): void {
    this.socket.close()
  }

  /**
   * Says that its process has ended. Hears nothing any more but the answer, for which it waits a bounded time. Then it
   * closes, and resolves when it is closed: a socket would keep the operating system process alive.
   */
  retire(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.state.kind === 'closed') return resolve()
      const timer = this.clock.after(waitMs, () => this.close(), 'awaited')
      const end = () => {
        timer.cancel()
        resolve()
      }
      this.become({ kind: 'retiring', end })
      this.send(JSON.stringify({ type: 'retire' } satisfies ClientMessage))
    })
  }

  private greet(): void {
    const { hello, gen } = this.events.opened()
    const greeting = new Greeting(this.clock, this.randomness, () => this.send(hello))
    this.become({ kind: 'greeting', greeting, gen })
    greeting.sayNow()
  }

  private received(message: StoreMessage): void {
    if (this.state.kind === 'retiring') {
      if (message.type === 'noted' && message.of === 'retire') this.close()
    } else if (message.type === 'welcome') this.welcomed(message)
    else if (message.type === 'refused' && message.of === 'hello') this.refused(message)
    else this.events.received(message)
  }

  /** Takes a `welcome`. Ignores a second one, and one for another connection of this process. */
  private welcomed(welcome: Welcome): void {
    if (this.state.kind !== 'greeting' || welcome.gen !== this.state.gen) return
    const { sentAt } = this.state.greeting
    this.timeout.cancel()
    this.become({ kind: 'welcome' })
    this.events.welcomed(welcome, sentAt)
  }

  private turnedAway(frame: GatewayFrame): void {
    const { state } = this
    if (state.kind !== 'greeting' && state.kind !== 'welcome') return
    if (state.kind === 'greeting') state.greeting.turnedAway(frame)
    if (state.kind === 'greeting' && frame === 'tooMany') {
      this.timeout.cancel()
      this.timeout = this.startTimeout()
    }
    this.events.turnedAway(frame)
  }

  private refused(refusal: Refusal): void {
    this.giveUp(`the store refused this process (${refusal.code}): ${refusal.message}`)
    this.events.helloRefused(refusal)
  }

  private startTimeout(): Timer {
    return this.clock.after(WELCOME_TIMEOUT_MS, () => this.timedOut(), 'background')
  }

  private timedOut(): void {
    this.giveUp(`no welcome within ${WELCOME_TIMEOUT_MS} ms`)
    this.close()
  }

  private giveUp(message: string): void {
    if (this.state.kind !== 'welcome') this.become({ kind: 'givenUp', failure: { message, kind: 'passing' } })
  }

  private become(state: State): void {
    if (this.state.kind === 'greeting') this.state.greeting.end()
    this.state = state
  }

  private failureOf(failure: ConnectFailure | undefined): ConnectFailure | undefined {
    if (this.state.kind === 'welcome') return undefined
    return this.state.kind === 'givenUp' ? this.state.failure : failure
  }
}
