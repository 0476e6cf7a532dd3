import { STAND_BY_ANSWER_MS, STAND_BY_FRESH_MS, STAND_BY_PERIOD_MS, STAND_BY_SPREAD_MS } from '../limits.js'
import { soon } from '../microtask.js'
import {
  type Clock,
  type ConnectFailure,
  type Door,
  elapsedMs,
  type Instant,
  instant,
  type Randomness,
  type Socket,
  type SocketEvents,
  type Timer,
  type Transport,
} from '../ports.js'

/** A connection that has said nothing: it belongs to no process yet, and any may have it. */
class Spare {
  /** Undefined while it is not open. */
  private openedAt: Instant | undefined
  /** The process that has taken it. */
  private user: SocketEvents | undefined
  /** Until the first answer: since it was opened nothing has shown that it still works. */
  private timer: Timer | undefined
  private readonly socket: Socket

  constructor(
    transport: Transport,
    private readonly clock: Clock,
    opened: () => void,
  ) {
    this.socket = transport.open({
      opened: () => {
        this.openedAt = instant(clock)
        opened()
      },
      received: (text) => {
        this.timer?.cancel()
        this.user?.received(text)
      },
      closed: (failure) => this.closed(failure),
    })
  }

  /** It was opened so short a time ago that both sides, and all between them, still have it. */
  get isFresh(): boolean {
    return this.openedAt !== undefined && elapsedMs(this.clock, this.openedAt) < STAND_BY_FRESH_MS
  }

  close(): void {
    this.socket.close()
  }

  /** Like `open` of a transport, and it is open already. */
  give(user: SocketEvents): Socket {
    this.user = user
    soon(() => {
      if (this.openedAt === undefined) return
      this.timer = this.clock.after(STAND_BY_ANSWER_MS, () => this.silent(), 'background')
      user.opened()
    })
    return this.socket
  }

  private silent(): void {
    this.closed({ message: `the connection that stood by was silent for ${STAND_BY_ANSWER_MS} ms`, kind: 'passing' })
    this.socket.close()
  }

  private closed(failure: ConnectFailure | undefined): void {
    this.timer?.cancel()
    this.openedAt = undefined
    this.user?.closed(failure)
    this.user = undefined
  }
}

/**
 * Keeps a connection open while a process sleeps, so that the process wakes without the time to open one. It says no
 * `hello`, because a connection belongs to the process that says it, for ever. It is replaced every few minutes: that costs
 * less than messages that would keep it open, and shows whether a connection is possible at all. If the next one cannot
 * be opened, waking may have to open one.
 */
export class StandBy implements Transport {
  private ready: Spare | undefined
  /** It is being opened, to take the place of `ready`. */
  private next: Spare | undefined
  /** While a connection stands by, or is to. */
  private timer: Timer | undefined

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
    private readonly randomness: Randomness,
  ) {}

  get door(): Door | undefined {
    return this.transport.door
  }

  /** A connection stands by. */
  get isReady(): boolean {
    return this.ready?.isFresh === true
  }

  /** A connection is to stand by, some time later. */
  begin(): void {
    this.timer ??= this.replaceAfter(STAND_BY_SPREAD_MS * this.randomness.fraction())
  }

  end(): void {
    this.timer?.cancel()
    this.timer = undefined
    this.ready?.close()
    this.next?.close()
    this.ready = undefined
    this.next = undefined
  }

  /** Gives the connection that stands by to a process, or opens one. None stands by from now on. */
  open(events: SocketEvents): Socket {
    const spare = this.isReady ? this.ready : undefined
    if (spare !== undefined) this.ready = undefined
    this.end()
    return spare?.give(events) ?? this.transport.open(events)
  }

  private replace(): void {
    this.next?.close()
    const next = new Spare(this.transport, this.clock, () => {
      if (this.next !== next) return
      this.ready?.close()
      this.ready = next
      this.next = undefined
    })
    this.next = next
    this.timer = this.replaceAfter(STAND_BY_PERIOD_MS * (1 - this.randomness.fraction() / 4))
  }

  private replaceAfter(ms: number): Timer {
    return this.clock.after(ms, () => this.replace(), 'background')
  }
}
