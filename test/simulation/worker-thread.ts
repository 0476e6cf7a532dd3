import type { HoldfastApi } from '../../client/api.js'
import { WorkerClient } from '../../client/worker/client.js'
import type { Greeting, ToHost, ToWorker } from '../../client/worker/messages.js'
import type { Channel } from '../../client/worker/port.js'
import type { Random } from '../support/random.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import { OF_THREAD, type Struck, type SuspensionPoints } from './crashes.js'
import type { ExecutedCounts } from './executed.js'
import type { Machine } from './machine.js'
import { type PortInsides, type PortJudge, PortWatch } from './port-watch.js'
import { ThreadMachine } from './thread-machine.js'
import { type Side, ThreadPort } from './thread-port.js'

/** The longest time that a message is under way. */
const DELAY_MAX_MS = 5
/** For how long a thread stands still. Another process may take the session meanwhile. */
const HANGS_MS = [50, 1_000, 8_000]

/** The server of a worker thread, and the run. */
export interface ThreadWorld {
  readonly server: Caller & { readonly machine: Machine; readonly isStopping: boolean }
  readonly random: Random
  readonly points: SuspensionPoints
  readonly judge: PortJudge
  readonly executed: ExecutedCounts
  /** How often a thread ends, or stands still, at a message. */
  readonly mishapChance: number
}

/**
 * One worker thread: the real client of a thread, whose messages pass through a port to the real main side. The thread
 * may end or stand still at each message.
 */
export class WorkerThread implements Caller, Side, Struck {
  readonly machine: ThreadMachine
  readonly toldWithinMs = 4 * DELAY_MAX_MS
  readonly isThread = true
  readonly client: WorkerClient & HoldfastApi<State>
  readonly watch: PortWatch
  private readonly port: ThreadPort
  /** The other end, in the main thread. */
  readonly main: PortInsides['main']
  private isClosed = false
  private readonly endings = new Set<() => void>()
  private readonly ended = new Promise<void>((resolve) => void this.endings.add(resolve))

  /** @param open makes the main side, with the channel that it is given, and returns it. */
  constructor(
    private readonly world: ThreadWorld,
    open: (channel: () => Channel) => PortInsides['main'],
  ) {
    this.machine = new ThreadMachine(world.server.machine)
    this.watch = new PortWatch(world.judge)
    let port: ThreadPort | undefined
    this.main = open(() => {
      const channel = ThreadPort.channel([this.mainSide(), this])
      port = channel.port2
      return channel
    })
    this.port = port as unknown as ThreadPort
    this.client = new WorkerClient(this.port, this.port.greeting as Greeting) as WorkerClient & HoldfastApi<State>
  }

  get name(): string {
    return this.world.server.name
  }

  token(): string {
    return this.world.server.token()
  }

  told(id: string): void {
    this.world.server.told(id)
  }

  follow(id: string): void {
    this.world.server.follow(id)
  }

  trueNowMs(): number {
    return this.world.server.trueNowMs()
  }

  blockedMs(wasLong: boolean): number {
    return this.world.server.blockedMs(wasLong)
  }

  keyOf(id: string): string {
    return this.world.server.keyOf(id)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.machine.after(ms, resolve))
  }

  /** Nobody is told the outcome of a call whose thread has ended. */
  attempt(id: string, call: () => Promise<unknown>): Promise<void> {
    return this.world.server.attempt(id, () => Promise.race([call(), this.ended]))
  }

  onEnd(run: () => void): () => void {
    this.endings.add(run)
    return () => void this.endings.delete(run)
  }

  /** Ends at once, in the middle of anything. */
  end(): void {
    if (this.machine.isDead) return
    this.world.executed.hit('worker crashes')
    this.machine.kill()
    this.port.cut()
    for (const run of this.endings) run()
  }

  hang(): void {
    this.world.executed.hit('worker hangs')
    this.machine.hang(this.world.random.pick(HANGS_MS))
  }

  /** As the application does that has enough of it. Its calls fail. */
  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.world.executed.hit('worker ends')
    // Not in the middle of the code that runs.
    this.machine.after(0, () => this.client.close())
  }

  get isOver(): boolean {
    return this.isClosed || this.machine.isDead
  }

  sends(message: ToHost | ToWorker, send: () => void): void {
    if (this.machine.isDead) return
    const { op } = message as ToHost
    this.watch.toMain(message as ToHost)
    this.pass(`sends ${op}`, send)
  }

  soon(take: () => void): void {
    this.machine.after(this.world.random.between(0, DELAY_MAX_MS), take)
  }

  takes(message: ToHost | ToWorker, take: () => void): void {
    const { kind } = message as ToWorker
    const takeNow = () => {
      take()
      this.watch.taken(message as ToWorker, this.insides)
    }
    this.pass(`takes ${kind}`, () => this.machine.run(takeNow))
  }

  closes(hear: () => void): void {
    hear()
  }

  get insides(): PortInsides['thread'] {
    return (this.client as unknown as { readonly calls: PortInsides['thread'] }).calls
  }

  private mainSide(): Side {
    const { points, random, server } = this.world
    return {
      sends: (message, send) => {
        this.watch.toThread(message as ToWorker)
        points.pass(server.machine, `client tells a worker ${(message as ToWorker).kind}`, send)
      },
      soon: (take) => void server.machine.after(random.between(0, DELAY_MAX_MS), take),
      takes: (_message, take) => take(),
      closes: (hear) => this.watch.ending(this.main, hear),
    }
  }

  private pass(label: string, run: () => void): void {
    const { mishapChance, points, random, server } = this.world
    const isStruck = mishapChance > 0 && !server.isStopping && random.chance(mishapChance)
    const mishap = isStruck ? random.pick(['end', 'hang', 'close'] as const) : undefined
    const isBefore = isStruck && random.chance(0.5)
    if (mishap !== undefined && isBefore) this[mishap]()
    if (this.machine.isDead) return
    points.pass(server.machine, `${OF_THREAD}${label}`, run, this)
    if (mishap !== undefined && !isBefore) this[mishap]()
  }
}
