import type { HoldfastApi } from '../../client/api.js'
import type { Holdfast } from '../../client/holdfast.js'
import { WorkerClient } from '../../client/worker/client.js'
import type { Greeting } from '../../client/worker/messages.js'
import type { Channel, Port } from '../../client/worker/port.js'
import type { Random } from '../support/random.js'
import type { State } from './attributes.js'
import type { SuspensionPoints } from './crashes.js'
import type { Machine } from './machine.js'

const DELAY_MAX_MS = 5

/** The worker threads of a server, one at a time. They run in its process; only messages pass between them and the client. */
export class Workers {
  private client: (WorkerClient & HoldfastApi<State>) | undefined

  constructor(
    private readonly machine: Machine,
    private readonly random: Random,
    private readonly points: SuspensionPoints,
  ) {}

  clientOf(client: Holdfast<State>): HoldfastApi<State> {
    this.client ??= this.connect(client.workerPort() as unknown as End)
    return this.client
  }

  private connect(port: End): WorkerClient & HoldfastApi<State> {
    return new WorkerClient(port, port.greeting as Greeting) as unknown as WorkerClient & HoldfastApi<State>
  }

  /** The thread ends. Returns whether there was one. */
  end(): boolean {
    const { client } = this
    this.client = undefined
    client?.close()
    return client !== undefined
  }

  openChannel(): Channel {
    const [port1, port2] = [new End(this), new End(this)]
    port1.other = port2
    port2.other = port1
    return { port1, port2 }
  }

  /** Sends a message, unless the process dies at this point. */
  send(message: unknown, deliver: (copy: unknown) => void): void {
    const { op, kind } = message as { readonly op?: string; readonly kind?: string }
    const label = op === undefined ? `client tells a worker ${kind}` : `worker sends ${op}`
    this.points.pass(this.machine, label, () => deliver(structuredClone(message)))
  }

  soon(run: () => void): void {
    this.machine.after(this.random.between(0, DELAY_MAX_MS), run)
  }
}

type Delivery = { readonly message: unknown } | 'close'

/** One end of a channel. As with a MessagePort, all that was sent before the channel closed arrives, in its order. */
class End implements Port {
  other: End | undefined
  /** The first message: it is there before the thread begins. */
  greeting: Greeting | undefined
  private readonly under: Delivery[] = []
  private take: (message: unknown) => void = () => {}
  private end: () => void = () => {}
  private isClosed = false

  constructor(private readonly workers: Workers) {}

  postMessage(message: unknown): void {
    const { kind } = message as Partial<Greeting>
    if (kind === 'greeting' && this.other !== undefined) this.other.greeting = message as Greeting
    else if (!this.isClosed) this.workers.send(message, (copy) => this.other?.deliver({ message: copy }))
  }

  on(event: 'message' | 'close', listener: ((message: unknown) => void) & (() => void)): void {
    if (event === 'message') this.take = listener
    else this.end = listener
  }

  close(): void {
    if (this.isClosed) return
    this.other?.deliver('close')
    this.isClosed = true
    this.deliver('close')
  }

  ref(): void {}
  unref(): void {}

  private deliver(delivery: Delivery): void {
    this.under.push(delivery)
    // Events may change places where a machine stood still. Messages do not.
    this.workers.soon(() => {
      const next = this.under.shift()
      if (next === undefined) return
      if (next !== 'close') return this.take(next.message)
      this.isClosed = true
      this.under.length = 0
      this.end()
    })
  }
}
