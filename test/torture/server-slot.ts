import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { LocalStack } from '../../local/index.js'
import type { Memory, Order, Plan, Report } from './messages.js'
import { TcpProxy } from './proxy.js'

/** How long an orderly end may take: draining, the last commits and `retire`. */
const CLOSE_MAX_MS = 30_000
/** A process that was told to end and has not by then is killed. */
const EXIT_MAX_MS = 5_000

export interface SlotEvents {
  reported(by: string, report: Report): void
  /** A process is gone, and everything that it told has been reported. */
  died(by: string): void
  violated(problem: string): void
}

export interface SlotTraits {
  /** Whether it may be killed. Memory can be watched only of servers that never are. */
  readonly isMortal: boolean
  /** Whether it keeps a session until another process asks for it. */
  readonly isKeeper: boolean
}

type Answer = Extract<Report, { type: 'answer' }>

/** The slot of an application server, behind two proxies. When its process dies, the next takes the slot. */
export class ServerSlot {
  readonly gateway = new TcpProxy()
  readonly dynamodb = new TcpProxy()
  private readonly variables: Readonly<Record<string, string>>
  private readonly listeners = new Set<(report: Report) => void>()
  private child: ChildProcess | undefined
  private gone: Promise<void> = Promise.resolve()
  private processName = ''
  private lives = 0
  private orders = 0
  private isExpectedToEnd = false
  private isOver = false

  constructor(
    private readonly stack: LocalStack,
    readonly name: string,
    readonly traits: SlotTraits,
    private readonly planOf: (life: number) => Omit<Plan, 'name'>,
    private readonly events: SlotEvents,
  ) {
    const { accessKeyId, secretAccessKey } = stack.addApplication(this.name)
    this.variables = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }
  }

  get isRunning(): boolean {
    return this.child !== undefined
  }

  /** The connections of this slot's processes, at the gateway. */
  isConnection({ userArn }: { readonly userArn: string | undefined }): boolean {
    return userArn?.endsWith(`/${this.name}`) === true
  }

  async openProxies(): Promise<void> {
    const { url, httpsUrl = '', dynamoDbEndpoint } = this.stack.config
    await Promise.all([this.gateway.start(), this.dynamodb.start()])
    this.gateway.target = Number(new URL(this.usesHttps ? httpsUrl : url).port)
    this.dynamodb.target = Number(new URL(dynamoDbEndpoint).port)
  }

  /** Starts a process, and resolves once it works. */
  async start(): Promise<void> {
    if (this.isOver) return
    this.lives += 1
    const by = `${this.name}.${this.lives}`
    const plan: Plan = { name: by, ...this.planOf(this.lives) }
    const child = fork(new URL('server.js', import.meta.url), [JSON.stringify(plan)], {
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...this.stack.env, ...this.variables, ...this.config() },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.child = child
    this.processName = by
    this.isExpectedToEnd = false
    child.on('message', (report: Report) => this.received(by, report))
    const ready = this.heard(({ type }) => type === 'ready')
    // The channel ends only when all that is in it was read.
    this.gone = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).then(([[code, signal]]) => {
      this.child = undefined
      if (!this.isExpectedToEnd) this.events.violated(`${by} ended by itself (${code ?? signal})`)
      this.events.died(by)
      // A listener that still waits for a report learns that there will be none.
      for (const listener of this.listeners) listener(NOTHING_MORE)
    })
    await ready
  }

  async kill(): Promise<void> {
    this.isExpectedToEnd = true
    this.child?.kill('SIGKILL')
    await this.gone
  }

  /** Kills the process that runs, and starts none any more. */
  async end(): Promise<void> {
    this.isOver = true
    await this.kill()
  }

  freeze(): void {
    this.child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.child?.kill('SIGCONT')
  }

  /** Has its process do something. Rejects with an {@link OrderError} when that failed or the process died. */
  async ask(order: Order): Promise<unknown> {
    const { child } = this
    if (child === undefined) throw new OrderError(`${this.name} does not run`)
    this.orders += 1
    const n = this.orders
    const answered = this.heard((report) => report.type === 'answer' && report.n === n)
    child.send({ ...order, n }, () => {})
    const { value, error } = (await answered) as Answer
    if (error !== undefined) {
      throw new OrderError(`${this.name} failed with ${error.code}: ${error.message}`, error.retryable)
    }
    return value
  }

  async memory(): Promise<Memory> {
    return (await this.ask({ type: 'memory' })) as Memory
  }

  /** Resolves with the next report that matches; rejects when the process dies. */
  heard(matches: (report: Report) => boolean): Promise<Report> {
    return new Promise((resolve, reject) => {
      const listener = (report: Report) => {
        if (report !== NOTHING_MORE && !matches(report)) return
        this.listeners.delete(listener)
        if (report === NOTHING_MORE) reject(new OrderError(`${this.processName} died`))
        else resolve(report)
      }
      this.listeners.add(listener)
    })
  }

  /** Closes its client, whereupon the process must end by itself. */
  async close(): Promise<void> {
    const { child } = this
    if (child === undefined) return
    this.isExpectedToEnd = true
    const timer = setTimeout(() => {
      this.events.violated(`${this.processName} was closed, and still runs`)
      child.kill('SIGKILL')
    }, CLOSE_MAX_MS + EXIT_MAX_MS)
    const exited = once(child, 'exit')
    await this.ask({ type: 'close' }).catch(({ message }: Error) => this.events.violated(message))
    const [code] = await exited
    clearTimeout(timer)
    if (code !== 0) this.events.violated(`${this.processName} was closed, and ended with ${code}`)
    await this.gone
  }

  async closeProxies(): Promise<void> {
    await Promise.all([this.gateway.stop(), this.dynamodb.stop()])
  }

  private received(by: string, report: Report): void {
    this.events.reported(by, report)
    for (const listener of this.listeners) listener(report)
  }

  /** The proxy to the gateway then leads to the function URL. */
  private get usesHttps(): boolean {
    return (this.planOf(0).options as { readonly transport?: string }).transport === 'https'
  }

  private config(): Record<string, string> {
    const { url, httpsUrl = '', dynamoDbEndpoint, ...rest } = this.stack.config
    const config = {
      ...rest,
      url: ported(url, this.gateway),
      // Where it is not named, the connection is the only way, and its faults have all of their effect.
      ...(this.usesHttps ? { httpsUrl: ported(httpsUrl, this.gateway) } : {}),
      dynamoDbEndpoint: ported(dynamoDbEndpoint, this.dynamodb),
    }
    return { HOLDFAST_CONFIG: JSON.stringify(config) }
  }
}

const NOTHING_MORE: Report = { type: 'violation', problem: '' }

/** An order that was not carried out. */
export class OrderError extends Error {
  constructor(
    message: string,
    /** Whether the same order may succeed later. */
    readonly retryable = false,
  ) {
    super(message)
  }
}

function ported(address: string, { port }: TcpProxy): string {
  const url = new URL(address)
  url.port = String(port)
  return url.href.replace(/\/$/, '')
}
