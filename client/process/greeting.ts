import { HELLO_AGAIN_MS } from '../limits.js'
import { type Clock, type Instant, instant, type Randomness, type Timer } from '../ports.js'
import type { GatewayFrame } from './gateway-frame.js'

/** Says `hello` over a connection, and again while it is not answered: a copy changes nothing. */
export class Greeting {
  /** The earliest time at which a copy was sent that may be answered: a lease that the answer starts counts from here. */
  sentAt: Instant
  /** Copies that may have reached a function. */
  private underWay = 0
  private againMs = HELLO_AGAIN_MS
  private timer: Timer | undefined

  constructor(
    private readonly clock: Clock,
    private readonly randomness: Randomness,
    private readonly say: () => void,
  ) {
    this.sentAt = instant(clock)
  }

  sayNow(): void {
    if (this.underWay === 0) this.sentAt = instant(this.clock)
    this.underWay += 1
    this.sayAfter(this.againMs)
    this.againMs *= 2
    this.say()
  }

  /** A copy has failed. Many processes greet at a time, as after a cut: each waits a random time. */
  turnedAway(frame: GatewayFrame): void {
    // A function that failed may have started the lease before.
    if (frame === 'tooMany') this.underWay -= 1
    this.sayAfter(HELLO_AGAIN_MS * this.randomness.fraction())
  }

  end(): void {
    this.timer?.cancel()
  }

  private sayAfter(ms: number): void {
    this.timer?.cancel()
    this.timer = this.clock.after(ms, () => this.sayNow(), 'background')
  }
}
