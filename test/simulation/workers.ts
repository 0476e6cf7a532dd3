import type { Holdfast } from '../../client/holdfast.js'
import type { Channel } from '../../client/worker/port.js'
import type { Application } from './application.js'
import type { State } from './attributes.js'
import type { PortInsides } from './port-watch.js'
import { type ThreadWorld, WorkerThread } from './worker-thread.js'

const THREADS_MAX = 2
/** How often a thread closes its client, and another takes its place. */
const CLOSE_SHARE = 0.02

interface Running {
  readonly thread: WorkerThread
  readonly application: Application
}

/** The worker threads of a server. They run in its process; only messages pass between them and the client. */
export class Workers {
  private running: Running[] = []
  private readonly begun: WorkerThread[] = []
  /** For the thread that is beginning: makes the channel of its port. */
  private channel: (() => Channel) | undefined

  constructor(private readonly world: ThreadWorld) {}

  /** The application in any thread, maybe in a new one. */
  applicationOf(client: Holdfast<State>, make: (thread: WorkerThread) => Application): Application {
    const { random } = this.world
    this.running = this.running.filter(({ thread }) => !thread.isOver)
    const index = random.integer(0, THREADS_MAX - 1)
    const found = this.running[index]
    if (found !== undefined && !random.chance(CLOSE_SHARE)) return found.application
    found?.thread.close()
    const thread = this.begin(client)
    const application = make(thread)
    this.running.splice(index, 1, { thread, application })
    return application
  }

  openChannel(): Channel {
    if (this.channel === undefined) throw new Error('only a thread that begins has a channel made')
    return this.channel()
  }

  /** When all calls have settled, and those of threads that are gone have ended. */
  checkLeft(client: Holdfast<State>): void {
    for (const { insides, machine, main, watch } of this.begun) {
      // What is left in a thread that has ended is gone with it.
      watch.checkLeft({ main, thread: machine.isDead ? { calls: new Map(), requests: new Map() } : insides })
    }
    // A client that is closed has ended its side of every thread's port.
    const isClosed = client.health().state === 'closed'
    const running = isClosed ? 0 : this.begun.filter(({ isOver }) => !isOver).length
    const known = mainSidesOf(client).size
    if (known !== running) this.world.judge.violate('20', `a client knows ${known} worker threads, and ${running} run`)
  }

  private begin(client: Holdfast<State>): WorkerThread {
    const thread = new WorkerThread(this.world, (channel) => {
      this.channel = channel
      client.workerPort()
      this.channel = undefined
      return [...mainSidesOf(client)].at(-1) as PortInsides['main']
    })
    this.begun.push(thread)
    return thread
  }
}

const mainSidesOf = (client: Holdfast<State>): ReadonlySet<PortInsides['main']> =>
  (client as unknown as { readonly workers: ReadonlySet<PortInsides['main']> }).workers
