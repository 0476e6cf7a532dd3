import { writeFile } from 'node:fs/promises'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Fact, LocksFact } from '../../inspector/model/entry.js'
import type { Play } from '../../inspector/model/play.js'
import type { LocalInspector } from '../local-stack.js'
import { clockMs } from './clock.js'
import { History } from './history.js'
import { addressesTold, LockTeller } from './locks/lock-teller.js'
import { LockBudget, readLocks } from './locks/read-locks.js'
import { Pages } from './pages.js'
import { Recorder } from './recorder.js'
import { readRecords } from './records.js'
import { InspectorServer } from './server.js'
import { timelineFile } from './timeline-file.js'

interface InspectorOptions {
  readonly locksTable: string
  readonly sessionsTable: string
  readonly isFunction: (caller: string) => boolean
}

/** Watches a local stack, and shows it on a page. */
export class Inspector implements LocalInspector {
  readonly recorder: Recorder
  private readonly history = new History()
  private readonly pages = new Pages(this.history)
  private readonly server: InspectorServer
  private readonly lockBudget = new LockBudget()
  /** Of the clients in this process, such as those of a test. */
  private readonly locks = new LockTeller((facts) => this.takeLocks(facts))
  private client: DynamoDBClient | undefined
  private isStarted = false
  private play: { readonly demo: Play; readonly end: () => void } | undefined

  constructor(private readonly options: InspectorOptions) {
    this.recorder = new Recorder({ ...options, tell: (fact) => this.tell(fact) })
    this.server = new InspectorServer({
      pages: this.pages,
      read: () => this.read(),
      carryOut: (command) => this.play?.demo.carryOut(command),
      takeLocks: (body) => {
        const facts = readLocks(body, clockMs())
        if (facts === undefined) return 400
        return this.takeLocks(facts) ? 204 : 429
      },
    })
  }

  get address(): string {
    return this.server.address
  }

  get locksAddress(): string {
    return this.server.locksAddress
  }

  /** Takes the port. There is nothing to show until `start`. */
  listen(port: number): Promise<void> {
    return this.server.start(port)
  }

  /** `client` reads both tables, of which it tells no attribute. It is closed at the end. */
  async start(client: DynamoDBClient): Promise<void> {
    this.client = client
    await this.read()
    this.recorder.start()
    this.isStarted = true
    addressesTold.add(this.locksAddress)
    this.locks.start()
  }

  async stop(): Promise<void> {
    this.play?.end()
    this.play = undefined
    this.recorder.stop()
    if (this.isStarted) addressesTold.delete(this.locksAddress)
    await this.locks.stop()
    this.client?.destroy()
    await this.server.stop()
  }

  /** Lets the page drive a demo. */
  offer(demo: Play): void {
    const show = () => this.tell({ kind: 'play', play: demo.state() })
    this.play?.end()
    this.play = { demo, end: demo.onChange(show) }
    show()
  }

  async writeTimeline(file: string): Promise<void> {
    await writeFile(file, await timelineFile(this.history))
  }

  private async read(): Promise<void> {
    if (this.client === undefined) return
    const { locksTable, sessionsTable } = this.options
    for (const fact of await readRecords(this.client, locksTable, sessionsTable)) {
      // What is known stays as it is, in its place, and displaces nothing.
      if (!this.history.knows(fact)) this.tell(fact)
    }
  }

  private takeLocks(facts: readonly LocksFact[]): boolean {
    const isTaken = this.lockBudget.take(facts.length, clockMs())
    if (isTaken) for (const fact of facts) this.tell(fact)
    return isTaken
  }

  private tell(fact: Fact): void {
    this.history.add(fact, clockMs())
    this.pages.added()
  }
}
