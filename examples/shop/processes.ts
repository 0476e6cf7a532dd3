import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ServerMessage, Standing } from './shop.js'

const STOP_TIMEOUT_MS = 5_000

/** One application server in a process of its own. */
export class ServerProcess {
  standing: Standing = { held: 0, waiting: 0, handoffs: 0 }
  private readonly exited: Promise<unknown>
  private isStopping = false

  private constructor(
    readonly name: string,
    readonly port: number,
    private readonly child: ChildProcess,
  ) {
    this.exited = once(child, 'exit')
    child.on('message', (message: ServerMessage) => {
      if (message.kind === 'standing') this.standing = message
    })
  }

  /** Starts a server and waits until it listens. Rejects where the port is taken. */
  static async start(
    script: 'server.js' | 'express-session-server.js',
    name: string,
    port: number,
    environment: Readonly<Record<string, string>>,
  ): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL(script, import.meta.url)), {
      env: { ...process.env, ...environment, SERVER_NAME: name, PORT: String(port) },
    })
    const [message] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [ServerMessage | number]
    if (typeof message === 'object' && message?.kind === 'ready') return new ServerProcess(name, message.port, child)
    child.kill('SIGKILL')
    throw new Error(
      `${name} did not start: ${typeof message === 'object' && message?.kind === 'failed' ? message.problem : 'it ended'}`,
    )
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null
  }

  /** Calls back when the process ends without having been told to. */
  onCrash(crashed: () => void): void {
    void this.exited.then(() => {
      if (!this.isStopping) crashed()
    })
  }

  /** Lets it finish what runs, and ends it. */
  async stop(): Promise<void> {
    this.isStopping = true
    if (!this.isRunning) return
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    this.child.kill('SIGTERM')
    await this.exited
    clearTimeout(timer)
  }
}

/** Starts several servers at once, on these ports (0 is any free one), or none of them. */
export async function startServers(
  script: 'server.js' | 'express-session-server.js',
  ports: readonly number[],
  environment: Readonly<Record<string, string>>,
): Promise<readonly ServerProcess[]> {
  const started = await Promise.allSettled(
    ports.map((port, index) => ServerProcess.start(script, `server-${index + 1}`, port, environment)),
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
