import { setTimeout as pause } from 'node:timers/promises'
import { Visitor } from './visitor.js'

/** The share of requests that go to another server than the visitor's last one. */
const HOP_SHARE = 0.1
const THINK_MS = 400
const CART_MAX = 60

/** Visitors who shop by themselves. Most of them stay on their server; now and then one hops. */
export class Crowd {
  private wanted = 0
  private running = 0

  /** `origins`: the servers that may be asked now. */
  constructor(private readonly origins: () => readonly string[]) {}

  get size(): number {
    return this.wanted
  }

  set size(count: number) {
    this.wanted = count
    while (this.running < count) {
      this.running += 1
      void this.shop(this.running)
    }
  }

  /** The visitors with the highest numbers leave first. */
  private async shop(number: number): Promise<void> {
    let visitor = new Visitor()
    let server = number
    for (let item = 1; number <= this.wanted; item += 1) {
      const origins = this.origins()
      if (Math.random() < HOP_SHARE) server += 1
      const origin = origins[server % Math.max(1, origins.length)]
      if (origin !== undefined) await visitor.add(origin, `item-${item}`)
      if (item % CART_MAX === 0) visitor = new Visitor()
      await pause(THINK_MS * (0.5 + Math.random()), undefined, { ref: false })
    }
    this.running -= 1
  }
}
