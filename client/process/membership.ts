import type { SessionKey } from '../../protocol/keys.js'
import { CONNECTIONS_PER_PROCESS_MAX, PROTOCOL_VERSION } from '../../protocol/limits.js'
import { type ClientMessage, parseStoreMessage, type StoreMessage } from '../../protocol/messages.js'
import { DEFAULT_TIMING, type Timing } from '../../protocol/timing.js'
import {
  type HoldfastError,
  type LossReason,
  RefusedError,
  SessionLostError,
  UnreachableError,
} from '../errors/index.js'
import {
  CONNECTION_EARLY_MS,
  CONNECTION_LIFETIME_MS,
  CONNECTION_OVERLAP_MS,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
  WELCOME_TIMEOUT_MS,
} from '../limits.js'
import type { Clock, ConnectFailure, Randomness, Socket, Timer, Transport } from '../ports.js'
import { type Instant, instant, type Lease } from './lease.js'
import { Renewals } from './renewals.js'

export interface MembershipEvents {
  /** A connection was welcomed and the lease runs: what is outstanding may be sent (again). */
  ready(): void
  /** A message about one session, while the lease runs. */
  received(message: Extract<StoreMessage, { session?: SessionKey }>): void
  /** The holder's renewals carry what pushes may have failed to carry. */
  asked(session: SessionKey, epoch: number): void
  /** This process id is dead for good: nothing it held may be used any more. */
  died(loss: SessionLostError): void
  /** The store cannot be reached at all with these settings, or speaks another protocol. */
  refused(error: HoldfastError): void
  connection(state: 'connected' | 'disconnected', detail: string | undefined): void
}

type TimerName = 'connect' | 'rollover' | 'overlap'

/**
 * One process id's life: its connections, one after the other, and its lease. It ends when the lease is over or
 * refused; the client then goes on under a new one.
 */
export class Membership {
  readonly processId: string
  /** As the store told it in `welcome`. */
  timing: Timing = DEFAULT_TIMING
  /** Why the last attempt to connect failed, while there is no connection. */
  lastFailure: ConnectFailure | undefined
  private readonly secret: string
  private socket: Socket | undefined
  /** The connection before, while answers to what was sent over it may still come. */
  private previous: Socket | undefined
  /** A connection being opened: the first, or the next beside the current one. */
  private pending: Socket | undefined
  private gen = 0
  private requests = 0
  /** Connections that have failed since a renewal was last answered. */
  private failures = 0
  /** Sent since the last `welcome`. */
  private greetings = 0
  private incarnation: string | undefined
  private isDead = false
  private death: SessionLostError | undefined
  private onRetired: (() => void) | undefined
  private readonly renewals: Renewals
  private readonly timers = new Map<TimerName, Timer>()

  constructor(
    private readonly label: string,
    private readonly transport: Transport,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly events: MembershipEvents,
  ) {
    this.processId = randomness.token(12)
    this.secret = randomness.token(32)
    this.renewals = new Renewals(clock, () => this.timing, {
      due: () => this.renew(),
      isConnected: () => this.isConnected,
      send: (n) => this.send({ type: 'renew', n }),
      silent: () => this.replaceSocket('no answer to renewals'),
      over: () => void this.checkLease(),
    })
    this.connect()
  }

  get lease(): Lease {
    return this.renewals.lease
  }

  get isConnected(): boolean {
    return this.socket !== undefined
  }

  /** Whether acquires may be sent: a connection, and a lease that runs. */
  get isReady(): boolean {
    return this.isConnected && !this.isDead && this.lease.isRunning
  }

  /** Rising for the whole life of the process: an older request can always be told from a newer one. */
  nextRequest(): number {
    this.requests += 1
    return this.requests
  }

  /** Sends if connected. Otherwise `ready` follows, and whoever has something outstanding sends it then. */
  send(message: ClientMessage): void {
    this.socket?.send(JSON.stringify(message))
  }

  /** Must be asked before every use of a held lock and before any event is handled. */
  checkLease(): boolean {
    if (this.isDead) return false
    if (!this.lease.isConfirmed || this.lease.isRunning) return true
    if (this.renewals.stoodStill) {
      this.die('leaseExpired', 'this process stood still until its lease was over: it was paused, or its loop blocked')
    } else {
      const silence = this.lastFailure?.message ?? 'no answer to renewals'
      this.die('unreachable', `the store was out of reach until the lease was over: ${silence}`)
    }
    return false
  }

  /** Why nothing may be used any more. */
  get loss(): SessionLostError {
    return this.death ?? new SessionLostError('leaseExpired', 'this client was closed')
  }

  /** Says goodbye, so that whatever this process still holds can be taken at once; waits for the answer a bounded time. */
  async retire(): Promise<void> {
    if (this.isReady) {
      this.renewals.stop()
      await new Promise<void>((resolve) => {
        const timer = this.clock.after(this.timing.roundTripMs, resolve, 'awaited')
        this.onRetired = () => {
          timer.cancel()
          resolve()
        }
        this.send({ type: 'retire' })
      })
    }
    this.close()
  }

  /** Stops everything without a word. */
  close(): void {
    this.isDead = true
    this.renewals.stop()
    for (const timer of this.timers.values()) timer.cancel()
    this.timers.clear()
    for (const socket of [this.previous, this.socket, this.pending]) socket?.close()
    this.previous = undefined
    this.socket = undefined
    this.pending = undefined
  }

  private connect(): void {
    if (this.isDead || this.pending !== undefined) return
    this.gen += 1
    const gen = this.gen
    let sentAt = instant(this.clock)
    let isWelcome = false
    let reason: ConnectFailure | undefined
    const timeout = this.clock.after(
      WELCOME_TIMEOUT_MS,
      () => {
        reason = { message: `no welcome within ${WELCOME_TIMEOUT_MS} ms`, permanent: false }
        socket.close()
      },
      'background',
    )
    const socket = this.transport.open({
      opened: () => {
        sentAt = instant(this.clock)
        this.greetings += 1
        const { processId, secret, label } = this
        const hello: ClientMessage = { type: 'hello', v: PROTOCOL_VERSION, processId, secret, label, gen }
        socket.send(JSON.stringify(hello))
      },
      received: (text) => {
        if (this.isDead || !this.checkLease()) return
        const message = parseStoreMessage(text)
        if (message === undefined) return
        if (message.type === 'welcome' && message.gen === gen) {
          if (isWelcome) return
          isWelcome = true
          timeout.cancel()
          this.welcomed(socket, message, sentAt)
        } else if (message.type === 'refused' && message.of === 'hello') {
          reason = {
            message: `the store refused this process (${message.code}): ${message.message}`,
            permanent: false,
          }
          this.helloRefused(message, socket)
        } else if (message.type === 'refused' && message.code === 'NO_HELLO' && socket === this.socket) {
          this.replaceSocket('the store does not know this connection')
        } else this.dispatch(message)
      },
      closed: (failure) => {
        timeout.cancel()
        this.disconnected(socket, isWelcome ? undefined : (reason ?? failure))
      },
    })
    this.pending = socket
  }

  private welcomed(socket: Socket, welcome: Extract<StoreMessage, { type: 'welcome' }>, sentAt: Instant): void {
    this.keepAwhile(this.socket)
    this.socket = socket
    if (this.pending === socket) this.pending = undefined
    this.lastFailure = undefined
    this.timing = welcome.timing
    this.renewals.forget()
    this.greetings = 0
    if (!this.isSameIncarnation(welcome.incarnation)) return
    // Only the first hello starts a lease; a later one finds it running, and how far is not known here.
    if (welcome.gen === 1) this.renewals.begin(sentAt, welcome.leaseMs)
    else this.renew()
    this.scheduleRollover()
    this.events.connection('connected', undefined)
    if (this.lease.isRunning) this.events.ready()
  }

  /** A connection that another has replaced. Of those there is one at most. */
  private keepAwhile(replaced: Socket | undefined): void {
    if (replaced === undefined) return
    this.previous?.close()
    this.previous = replaced
    this.setTimer('overlap', CONNECTION_OVERLAP_MS, () => replaced.close())
  }

  private helloRefused(refusal: Extract<StoreMessage, { type: 'refused' }>, socket: Socket): void {
    if (refusal.code === 'EVICTED') return this.evicted()
    if (refusal.code === 'STALE_CONNECTION') {
      // Newer than the newest of this process can only be another's that was copied from it, or it from that.
      if (refusal.gen === this.gen) this.die('evicted', 'another process goes under the same id, as a copy of this one')
      return socket.close()
    }
    if (refusal.code !== 'INTERNAL' && refusal.code !== 'TOO_MANY_MESSAGES') {
      this.events.refused(new RefusedError(refusal.code, refusal.message, false))
    }
    socket.close()
  }

  private disconnected(socket: Socket, failure: ConnectFailure | undefined): void {
    const wasCurrent = this.socket === socket
    const wasPending = this.pending === socket
    if (wasCurrent) this.socket = undefined
    if (wasPending) this.pending = undefined
    if (this.isDead || !(wasCurrent || wasPending)) return
    this.lastFailure = failure ?? { message: 'the connection was closed', permanent: false }
    if (wasCurrent) this.events.connection('disconnected', this.lastFailure.message)
    // While the current connection works, failing to open the next concerns nobody yet.
    if (this.lastFailure.permanent && this.socket === undefined) {
      this.events.refused(new UnreachableError(this.lastFailure.message, this.lastFailure.cause, false))
    }
    if (this.isDead) return
    // Each `hello` that is heard, answered or not, displaces an older connection. One more would displace the one in use.
    if (this.socket !== undefined && this.greetings >= CONNECTIONS_PER_PROCESS_MAX - 1) return
    this.connectLater()
  }

  private connectLater(): void {
    const ceilingMs = Math.min(RECONNECT_MAX_MS, RECONNECT_BASE_MS * 2 ** Math.min(this.failures, 20))
    this.failures += 1
    this.setTimer('connect', ceilingMs * this.randomness.fraction(), () => this.connect())
  }

  private dispatch(message: StoreMessage): void {
    switch (message.type) {
      case 'renewed':
        return this.renewed(message)
      case 'welcome':
        return
      case 'noted':
        if (message.of === 'retire') this.onRetired?.()
        return
      case 'refused':
        if (message.code === 'EVICTED') return this.evicted()
        if (message.session !== undefined) this.events.received(message)
        return
      default:
        this.events.received(message)
    }
  }

  private renewed(message: Extract<StoreMessage, { type: 'renewed' }>): void {
    if (!this.isSameIncarnation(message.incarnation)) return
    this.failures = 0
    const wasRunning = this.lease.isRunning
    this.renewals.answered(message.n, message.leaseMs)
    if (!wasRunning && this.lease.isRunning) this.events.ready()
    for (const { session, epoch } of message.asks) this.events.asked(session, epoch)
  }

  /** The Locks table was emptied: whatever this process held there is gone. */
  private isSameIncarnation(incarnation: string): boolean {
    this.incarnation ??= incarnation
    if (this.incarnation === incarnation) return true
    this.evicted()
    return false
  }

  private renew(): void {
    if (this.checkLease()) this.renewals.renew()
  }

  private replaceSocket(why: string): void {
    const useless = this.socket
    if (useless === undefined) return
    this.renewals.forget()
    this.socket = undefined
    useless.close()
    this.events.connection('disconnected', why)
    this.timers.get('connect')?.cancel()
    // At once, for the lease runs on; but not again and again.
    if (this.failures > 0) return this.connectLater()
    this.failures = 1
    this.connect()
  }

  private scheduleRollover(): void {
    const earlyMs = CONNECTION_EARLY_MS * (1 + this.randomness.fraction())
    this.setTimer('rollover', CONNECTION_LIFETIME_MS - earlyMs, () => this.connect())
  }

  private evicted(): void {
    this.die('evicted', 'the store took back what this process held, and knows it no longer')
  }

  private die(reason: LossReason, explanation: string): void {
    if (this.isDead) return
    // It has said goodbye, and what it held is given back: the store that knows it no longer is all the answer it needs.
    if (this.onRetired !== undefined) return this.onRetired()
    this.death = new SessionLostError(reason, explanation)
    this.close()
    this.events.died(this.death)
  }

  private setTimer(name: TimerName, ms: number, fire: () => void): void {
    this.timers.get(name)?.cancel()
    this.timers.set(name, this.clock.after(ms, fire, 'background'))
  }
}
