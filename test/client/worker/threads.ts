import path from 'node:path'
import { type MessagePort, Worker } from 'node:worker_threads'
import { createHoldfast, type Holdfast } from '../../../client/index.js'
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../../local/index.js'
import { sharedDynamoDb } from '../../support/shared-dynamodb.js'

export interface State {
  count: number
  mirror: number
  a: number
  b: number
  user: string
}

type Message = { readonly [field: string]: unknown }

/** A real worker thread of one of the scripts beside this file, and what it says. */
export class Thread {
  readonly messages: Message[] = []
  readonly worker: Worker
  private readonly listeners = new Set<() => void>()
  private last = 0

  constructor(holdfast: Holdfast<State>, script: string) {
    const port = holdfast.workerPort()
    this.worker = new Worker(path.join(__dirname, script), { workerData: { port }, transferList: [port] })
    this.worker.on('message', (message: Message) => {
      this.messages.push(message)
      for (const listener of this.listeners) listener()
    })
    // A thread that is terminated on purpose may have been in the middle of anything.
    this.worker.on('error', () => {})
  }

  count(field: string): number {
    return this.messages.filter((message) => message[field] === true).length
  }

  async said(matches: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.messages.find(matches)
      if (found !== undefined) return found
      await new Promise<void>((resolve) => {
        const listener = () => {
          this.listeners.delete(listener)
          resolve()
        }
        this.listeners.add(listener)
      })
    }
  }

  /** Does a job and resolves with what it returned; rejects with the error's data. */
  async do(job: string, fields: object = {}, transferred: readonly MessagePort[] = []): Promise<unknown> {
    this.last += 1
    const n = this.last
    this.worker.postMessage({ n, job, ...fields }, transferred)
    const { value, error } = await this.said((message) => message.n === n)
    if (error !== undefined) throw Object.assign(new Error('in the thread'), error)
    return value
  }

  entered = (name: string) => this.said((message) => message.entered === name)
  open = (name: string) => this.worker.postMessage({ open: name })
}

/** What each test of a suite has: a stack that all share, a client, an id, and threads that end with the test. */
export class Threads {
  stack!: LocalStack
  holdfast!: Holdfast<State>
  id = ''
  private readonly made: Thread[] = []
  private readonly clients: Holdfast<State>[] = []

  /** To be made where the suite is described. */
  constructor(
    private readonly script: string,
    options: LocalStackOptions = {},
  ) {
    let count = 0
    beforeAll(async () => {
      this.stack = await startLocalStack({ dynamoDbLocal: await sharedDynamoDb(), ...options })
    }, 60_000)
    afterAll(() => this.stack?.stop())
    beforeEach(() => {
      count += 1
      this.id = `session ${count}`
      this.holdfast = this.client()
    })
    afterEach(async () => {
      await Promise.all(this.made.splice(0).map(({ worker }) => worker.terminate()))
      await Promise.all(this.clients.splice(0).map((client) => client.close()))
    })
  }

  client(options: object = {}): Holdfast<State> {
    const { config, credentials } = this.stack
    const made = createHoldfast<State>({ namespace: 'threads', config, credentials, ...options })
    this.clients.push(made)
    return made
  }

  thread(of = this.holdfast): Thread {
    const made = new Thread(of, this.script)
    this.made.push(made)
    return made
  }

  /** The session as it is, waiting for whoever has it. */
  read(): Promise<Partial<State>> {
    return this.holdfast.access(this.id, { all: 'read' }, ({ state }) => ({ ...state }))
  }
}
