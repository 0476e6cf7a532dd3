import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transferable } from 'node:worker_threads'
import { CommitUnknownError } from '../../client/errors/index.js'
import type { Greeting, ToHost, ToWorker } from '../../client/worker/messages.js'
import type { Port } from '../../client/worker/port.js'

/** The thread at one end of a channel, and how messages leave it and come to it. */
export interface Side {
  /** Sends a message, or not: the thread may end at this point. */
  sends(message: ToHost | ToWorker, send: () => void): void
  /** Calls later, each time after another delay. */
  soon(take: () => void): void
  /** Takes a message that has arrived, or not. */
  takes(message: ToHost | ToWorker, take: () => void): void
  /** Hears that the channel is closed. */
  closes(hear: () => void): void
}

type Delivery = { readonly message: unknown } | 'close'

/** One end of a channel. As with a MessagePort, all that was sent before the channel closed arrives, in its order. */
export class ThreadPort implements Port {
  private other: ThreadPort | undefined
  /** The first message: it is there before the thread begins. */
  greeting: Greeting | undefined
  private readonly under: Delivery[] = []
  private take: (message: unknown) => void = () => {}
  private end: () => void = () => {}
  private isClosed = false
  /** As with a MessagePort, events run in the context in which the channel was made. */
  private readonly inContext = AsyncLocalStorage.snapshot()

  constructor(private readonly side: Side) {}

  static channel(sides: readonly [Side, Side]): { readonly port1: ThreadPort; readonly port2: ThreadPort } {
    const [port1, port2] = [new ThreadPort(sides[0]), new ThreadPort(sides[1])]
    port1.other = port2
    port2.other = port1
    return { port1, port2 }
  }

  postMessage(message: unknown, transferred: readonly Transferable[] = []): void {
    const { other } = this
    if (this.isClosed || other === undefined) {
      // Nobody will wake the thread, which runs to the end of its turn.
      if ((message as Partial<ToHost>).op === 'tryLock') throw new CommitUnknownError(undefined)
      return
    }
    // A message that cannot be sent is refused at once.
    const copy = structuredClone(message, { transfer: [...transferred] as never[] })
    if ((copy as Partial<Greeting>).kind === 'greeting') other.greeting = copy as Greeting
    // The thread stands still until it is answered, so it cannot end here.
    else if ((copy as Partial<ToHost>).op === 'tryLock') other.takeNow(copy)
    else this.side.sends(copy as ToHost | ToWorker, () => other.deliver({ message: copy }))
  }

  on(event: 'message' | 'close', listener: ((message: unknown) => void) & (() => void)): void {
    if (event === 'message') this.take = listener
    else this.end = listener
  }

  close(): void {
    if (this.isClosed) return
    this.cut()
    this.deliver('close')
  }

  /** The thread at this end is gone. */
  cut(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.other?.deliver('close')
  }

  ref(): void {}
  unref(): void {}

  private deliver(delivery: Delivery): void {
    this.under.push(delivery)
    // Events may change places where a machine stood still. Messages do not.
    this.side.soon(() => this.takeNext())
  }

  /** Takes all that was sent before, and this. */
  private takeNow(message: unknown): void {
    while (this.under.length > 0) this.takeNext()
    this.inContext(() => this.take(message))
  }

  private takeNext(): void {
    const next = this.under.shift()
    if (next === undefined) return
    this.inContext(() => {
      if (next !== 'close') return this.side.takes(next.message as ToHost | ToWorker, () => this.take(next.message))
      this.isClosed = true
      this.under.length = 0
      this.side.closes(this.end)
    })
  }
}
