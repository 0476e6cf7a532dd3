import type { SessionKey } from '../../protocol/keys.js'
import { PROTOCOL_VERSION } from '../../protocol/limits.js'
import type { ClientMessage, StoreMessage } from '../../protocol/messages.js'
import { DEFAULT_TIMING, type Timing } from '../../protocol/timing.js'
import { type HoldfastError, RefusedError, type SessionLostError, UnreachableError } from '../errors/index.js'
import type { Clock, ConnectFailure, Instant, Randomness, Transport } from '../ports.js'
import { Bypass } from './bypass.js'
import type { Connection, Welcome } from './connection.js'
import { Connector } from './connector.js'
import { CLOSED, COPIED, type Ending, EVICTED, lossBy, OUTLIVED, outOfReach, STOOD_STILL } from './endings.js'
import type { Lease } from './lease.js'
import type { Reach } from './reach.js'
import { Renewals } from './renewals.js'

export interface MembershipEvents {
  /** A connection was welcomed and the lease runs: outstanding messages may be sent (again). */
  ready(): void
  /** A message about one session, while the lease runs. */
  received(message: Extract<StoreMessage, { session?: SessionKey }>): void
  /** Another process waits for a session, says the answer to a renewal: the push that said so may be lost. */
  asked(session: SessionKey, epoch: number): void
  /** Other processes wait for sessions of which that answer does not say which. */
  askedForMore(): void
  /** This process id is dead for good: nothing it held may be used any more. */
  died(loss: SessionLostError): void
  /** The store will not be reachable, or speaks another protocol. */
  refused(error: HoldfastError): void
  /** There is no connection, and none could be opened. */
  missed(): void
  /** It is time to renew. Returns whether the process sleeps from now on instead: this id has been ended. */
  fallsAsleep(): boolean
  connection(state: 'connected' | 'disconnected', detail: string | undefined): void
}

type State = { readonly kind: 'living' } | { readonly kind: 'over'; readonly loss: SessionLostError }

/** One process id's life. It ends when its lease is over or refused; the client then goes on under a new id. */
export class Membership {
  readonly processId: string
  /** As the store told it last, with the lease that it gave. */
  timing: Timing = DEFAULT_TIMING
  private state: State = { kind: 'living' }
  private requests = 0
  /** Of the Locks table, as first heard. */
  private incarnation: number | undefined
  /** As the store last counted the asks that its answers do not name. */
  private more: number | undefined
  private readonly secret: string
  private readonly renewals: Renewals
  private readonly connector: Connector
  private readonly bypass: Bypass
  /** The connection over which this id, which is over, can still say so. */
  private last: Connection | undefined

  constructor(
    private readonly label: string,
    transport: Transport,
    clock: Clock,
    randomness: Randomness,
    private readonly reach: Reach,
    private readonly events: MembershipEvents,
  ) {
    this.processId = randomness.token(12)
    this.secret = randomness.token(32)
    this.renewals = new Renewals(clock, randomness, () => this.timing, {
      due: () => {
        if (!this.endIfLeaseOver() && !events.fallsAsleep()) this.renewals.renew()
      },
      isConnected: () => this.isConnected || this.bypass.isOpen,
      send: (n) => this.send({ type: 'renew', n }),
      silent: () => this.connector.replace('no answer to renewals'),
      over: () => void this.endIfLeaseOver(),
    })
    const { processId, secret } = this
    this.bypass = new Bypass(
      transport.door,
      { processId, secret },
      {
        hasEnded: () => this.endIfLeaseOver(),
        received: (message) => this.received(message),
      },
    )
    this.connector = new Connector(transport, clock, randomness, reach, {
      isOver: () => this.endIfLeaseOver(),
      hello: (gen) => this.hello(gen),
      welcomed: (welcome, sentAt) => this.welcomed(welcome, sentAt),
      connected: () => this.connected(),
      disconnected: (why) => {
        this.renewals.forget()
        this.events.connection('disconnected', why)
      },
      received: (message) => this.received(message),
      turnedAway: (frame) => this.renewals.turnedAway(frame),
      pauseMs: () => this.renewals.pauseMs(),
      evicted: () => this.die(EVICTED),
      copied: () => this.die(COPIED),
      refused: ({ code, message }) => this.events.refused(new RefusedError(code, message, false)),
      missed: () => this.events.missed(),
      unreachable: ({ message, cause }) => this.events.refused(new UnreachableError(message, cause, false)),
    })
  }

  get lease(): Lease {
    return this.renewals.lease
  }

  get isConnected(): boolean {
    return this.connector.isConnected
  }

  /** Why there is no connection, where that is known. */
  get lastFailure(): ConnectFailure | undefined {
    return this.reach.lastFailure
  }

  /** Whether acquires may be sent: a connection, and a lease that runs. */
  get isReady(): boolean {
    return this.isConnected && this.lease.isRunning
  }

  /**
   * To be called now and then while an access waits for a connection, with the time since when.
   *
   * @returns how much longer it waits: not at all if 0 or less
   */
  seekMs(waitingSinceMs: number): number {
    this.connector.hurry()
    return this.reach.patienceMs(waitingSinceMs)
  }

  /** Why an access has waited in vain for a connection. */
  unreachable(waitedMs: number): UnreachableError {
    return this.reach.error(waitedMs)
  }

  /** Rising for the whole life of the process: an older request can always be told from a newer one. */
  nextRequest(): number {
    this.requests += 1
    return this.requests
  }

  /** A period of messages, longer while the gateway says that there are too many. */
  stretched(periodMs: number): number {
    return this.renewals.throttling.stretched(periodMs)
  }

  /** Sends if there is a way. Otherwise `ready` follows, and the listener sends the outstanding messages then. */
  send(message: ClientMessage): void {
    if (this.isCutOff && this.bypass.takes(message)) void this.bypass.send(message)
    else this.connector.send(JSON.stringify(message))
  }

  /** The store knows this process, and it has no connection. */
  private get isCutOff(): boolean {
    return !this.isConnected && this.lease.isRunning
  }

  /**
   * Ends this process id where its lease is over. To be called before every use of a held lock and before any event is
   * handled: timers do not run while a loop is blocked or a machine is paused.
   *
   * @param now the clocks, where the caller has read them just now.
   * @returns whether nothing may be used any more
   */
  endIfLeaseOver(now?: Instant): boolean {
    if (this.state.kind === 'over') return true
    if (!this.lease.isConfirmed) return false
    if (now === undefined ? this.lease.isRunning : this.lease.isRunningAt(now)) return false
    // The store may believe in it for longer. Its connection stays open until `retire`.
    this.last = this.connector.leave()
    this.die(this.renewals.stoodStill ? STOOD_STILL : outOfReach(this.lastFailure?.message ?? 'no answer to renewals'))
    return true
  }

  /** Why nothing may be used any more. */
  get loss(): SessionLostError {
    return this.state.kind === 'over' ? this.state.loss : lossBy(CLOSED)
  }

  /** Its lease is over by the clocks of this side, and the store can still be told. */
  get isToRetire(): boolean {
    return this.last !== undefined
  }

  /**
   * Ends this process id, and tells the store where it can. So others get at once the locks that it still holds there. To
   * be called when nothing is used any more under these locks. Waits a bounded time for the answer.
   */
  async retire(): Promise<void> {
    const { isCutOff } = this
    if (this.isReady) this.last = this.connector.leave()
    const { last } = this
    this.last = undefined
    this.close()
    await last?.retire(this.timing.roundTripMs)
    if (isCutOff) await this.bypass.send({ type: 'retire' })
  }

  /** Closes the connection of an id that is over, which has nothing to say. */
  leave(): void {
    this.last?.close()
    this.last = undefined
  }

  /** Stops everything without a word. */
  close(): void {
    this.end(lossBy(CLOSED))
  }

  private hello(gen: number): string {
    const { processId, secret, label } = this
    const hello: ClientMessage = { type: 'hello', v: PROTOCOL_VERSION, processId, secret, label, gen }
    return JSON.stringify(hello)
  }

  private welcomed({ gen, leaseMs, incarnation, timing }: Welcome, sentAt: Instant): void {
    this.timing = { ...timing, leaseMs }
    this.renewals.forget()
    if (this.endIfOutlived(incarnation)) return
    // Only the first hello starts a lease. A later one finds it running, and its welcome does not say until when.
    if (gen === 1) this.renewals.begin(sentAt, leaseMs)
    else this.renew()
  }

  private connected(): void {
    this.events.connection('connected', undefined)
    if (this.lease.isRunning) this.events.ready()
  }

  private received(message: Exclude<StoreMessage, Welcome>): void {
    switch (message.type) {
      case 'renewed':
        return this.renewed(message)
      case 'refused':
        if (message.code === 'EVICTED') return this.die(EVICTED)
        if (message.session !== undefined) this.events.received(message)
        return
      case 'granted':
      case 'queued':
      case 'released':
        // A copy of this process may have asked, and this one gives it back: no request of its own may have that number.
        this.requests = Math.max(this.requests, (message.type === 'released' ? message.next : message)?.r ?? 0)
        return this.events.received(message)
      default:
        this.events.received(message)
    }
  }

  private renewed(message: Extract<StoreMessage, { type: 'renewed' }>): void {
    if (this.endIfOutlived(message.incarnation)) return
    this.timing = message.timing ?? this.timing
    if (this.isConnected) this.connector.proved()
    const wasRunning = this.lease.isRunning
    this.renewals.answered(message)
    if (!wasRunning && this.lease.isRunning) this.events.ready()
    for (const { session, epoch } of message.asks) this.events.asked(session, epoch)
    const { more = this.more } = message
    if (this.more === more) return
    this.more = more
    this.events.askedForMore()
  }

  /**
   * A newer incarnation of the Locks table may have lost what this process holds. A function that has not heard of it yet
   * still names an older one: that ends nobody, so each process ends once.
   */
  private endIfOutlived(incarnation: string): boolean {
    const heard = Number(incarnation)
    this.incarnation ??= heard
    if (!(heard > this.incarnation)) return false
    // The store still knows this process: others need not wait for the end of its lease.
    this.last = this.connector.leave()
    this.die(OUTLIVED)
    return true
  }

  private renew(): void {
    if (!this.endIfLeaseOver()) this.renewals.renew()
  }

  /** Ends this process id although its client goes on, and tells it. */
  private die(ending: Ending): void {
    if (this.state.kind === 'over') return
    const loss = lossBy(ending)
    this.end(loss)
    this.events.died(loss)
  }

  private end(loss: SessionLostError): void {
    if (this.state.kind === 'over') return
    this.state = { kind: 'over', loss }
    this.renewals.stop()
    this.connector.close()
  }
}
