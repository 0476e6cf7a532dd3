import path from 'node:path'
import { LocalStackSuite } from '../../../e2e/local-stack-suite.js'
import { AppProcess } from '../../../e2e/processes.js'
import { type Options, SECRET, type Shop } from './shop.js'

/** The table of sessions of an application before Holdfast. */
export const OLD_TABLE = 'connect-sessions'

/** Where the sessions of an application are. */
type Store = 'MemoryStore' | 'Holdfast' | 'connect-dynamodb' | 'Holdfast, with connect-dynamodb before'

/** Options go to another process as JSON: those that are functions belong to the applications there. */
export type PlainOptions = Pick<
  Options,
  'cookie' | 'lock' | 'name' | 'proxy' | 'resave' | 'rolling' | 'saveUninitialized' | 'secret' | 'timeoutMs' | 'unset'
>

/** Two server processes, on the store of a local stack. They end with the suite. */
export class ServerProcesses {
  readonly suite: LocalStackSuite<Shop>
  private processes: AppProcess[] = []
  private turn = 0

  /** To be made where the suite is described. */
  constructor() {
    // Before the end of the suite's stack.
    afterAll(async () => {
      await Promise.all(this.processes.map((process) => process.kill()))
    })
    this.suite = new LocalStackSuite()
    beforeAll(async () => {
      const { stack } = this.suite
      const { config, adminCredentials: credentials } = stack
      const client = { endpoint: config.dynamoDbEndpoint, region: config.region, credentials }
      const options = { oldTable: { name: OLD_TABLE, client } }
      this.processes = [0, 1].map(() => new AppProcess(stack, path.join(__dirname, 'server.mjs'), options))
      await Promise.all(this.processes.map((process) => process.waitFor(({ event }) => event === 'ready')))
    })
  }

  /** Serves one of applications.mjs: by both processes, where they share its sessions. */
  async serve(application: string, options: PlainOptions = {}, store: Store = 'Holdfast'): Promise<Pages> {
    const all = { secret: SECRET, resave: false, saveUninitialized: false, ...options }
    const processes = store === 'MemoryStore' ? this.processes.slice(0, 1) : this.processes
    const ports = (await this.ask('serve', { application, store, options: all }, processes)) as number[]
    const at = (n: number, page: string) => `http://127.0.0.1:${ports[n % ports.length]}${page}`
    return { at, next: (page) => at(this.turn++, page) }
  }

  /** The errors that came to the applications since they were asked for. */
  async errors(): Promise<unknown[]> {
    return (await this.ask('errors')).flat()
  }

  /** Moves the time of day of both. */
  async putClock(ms: number): Promise<void> {
    await this.ask('putClock', { ms })
  }

  private async ask(command: string, fields: object = {}, processes = this.processes): Promise<unknown[]> {
    const answers = await Promise.all(processes.map((process) => process.command(command, fields)))
    return answers.map(({ value, error }) => {
      if (error !== undefined) throw new Error(`${command} failed`, { cause: error })
      return value
    })
  }
}

/** The addresses of an application. */
export interface Pages {
  /** By a process of this number: odd and even ones are two. */
  at(n: number, page: string): string
  /** By the process that did not get the address before. */
  next(page: string): string
}
