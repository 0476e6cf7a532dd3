import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ParentMessage, ServerMessage, Standing } from './serve.js'

/** The script of a server of the shop. */
export const SHOP_SERVER = new URL('server.js', import.meta.url)

/** Longer than a server gives itself. */
const STOP_TIMEOUT_MS = 6_000
const NOTHING: Standing = { held: 0, waiting: 0, grants: 0 }

/** A port that another process has. */
export class PortTakenError extends Error {}

/** One application server in a process of its own. It ends with this process, in whatever way that ends. */
export class ServerProcess {
  private readonly exited: Promise<unknown>
  private isStopping = false
  private asking: Promise<Standing> | undefined

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    this.exited = once(child, 'exit')
  }

  /** Starts a server and waits until it listens; port 0 is any free one. Throws a PortTakenError. */
  static async start(
    script: URL,
    name: string,
    port: number,
    environment: Readonly<Record<string, string>>,
  ): Promise<ServerProcess> {
    const child = fork(fileURLToPath(script), {
      env: { ...process.env, ...environment, SERVER_NAME: name, PORT: String(port) },
    })
    const [first]: unknown[] = await Promise.race([once(child, 'message'), once(child, 'exit')])
    const message = typeof first === 'object' ? (first as ServerMessage | null) : undefined
    if (message?.kind === 'ready') return new ServerProcess(name, message.port, child)
    child.kill('SIGKILL')
    const problem = message?.kind === 'failed' ? message.problem : 'it ended'
    if (problem.includes('EADDRINUSE')) throw new PortTakenError(`port ${port} is taken`)
    throw new Error(`${name} did not start: ${problem}`)
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** How the server stands now. A server that is gone holds nothing. */
  standing(): Promise<Standing> {
    // A server that is too busy to answer is not asked again meanwhile: each question would leave a listener behind.
    this.asking ??= this.ask().finally(() => {
      this.asking = undefined
    })
    return this.asking
  }

  /** Resolves when the process ends without having been told to. */
  async crashed(): Promise<void> {
    await this.exited
    if (this.isStopping) await new Promise(() => {})
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Sets its wall clock ahead. */
  setClockAhead(ms: number): void {
    this.child.send({ aheadMs: ms } satisfies ParentMessage, () => {})
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    this.isStopping = true
    this.child.kill('SIGKILL')
    await this.exited
  }

  /** Lets it finish its requests, and ends it. */
  async stop(): Promise<void> {
    this.isStopping = true
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    this.child.kill('SIGTERM')
    await this.exited
    clearTimeout(timer)
  }

  private async ask(): Promise<Standing> {
    if (!this.child.connected) return NOTHING
    const answered = once(this.child, 'message')
    this.child.send('standing' satisfies ParentMessage, () => {})
    const [message]: unknown[] = await Promise.race([answered, this.exited.then(() => [])])
    return message === undefined ? NOTHING : (message as { readonly standing: Standing }).standing
  }
}

/** Starts several servers at once on any free ports, or none of them. */
export async function startServers(
  count: number,
  script: URL,
  environment: Readonly<Record<string, string>>,
): Promise<readonly ServerProcess[]> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, (_, index) => ServerProcess.start(script, `server-${index + 1}`, 0, environment)),
  )
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = started.find((result) => result.status === 'rejected')
  if (failed === undefined) return servers
  await stopAll(servers)
  throw failed.reason
}

export const stopAll = async (servers: readonly ServerProcess[]): Promise<void> => {
  await Promise.all(servers.map((server) => server.stop()))
}

/** The name of the first of these servers that ends without having been told to. */
export const firstCrashed = (servers: readonly ServerProcess[]): Promise<string> =>
  Promise.race(servers.map((server) => server.crashed().then(() => server.name)))
