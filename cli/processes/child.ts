import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../local/package-root.cjs'
import { Failure } from '../failure.js'
import { PROCESS_ANSWER_MS, PROCESS_STOP_MS } from '../limits.js'
import { type Message, Peer } from './peer.js'

/** cli/process.ts as it is built. */
const PROGRAM = join(packageRoot, 'dist/import/cli-process.js')

/** What a process that a command runs beside itself is for. */
export type ProcessPart = 'bench-worker' | 'demo-server'

/** A process that a command runs beside itself. It ends with this process, in whatever way that ends. */
export class Child {
  /** Resolves when the process is gone, with why. */
  readonly gone: Promise<Failure>
  private readonly peer: Peer

  private constructor(
    private readonly process: ChildProcess,
    readonly name: string,
    answer: (what: unknown) => unknown,
  ) {
    this.peer = new Peer((message) => {
      // Without a callback, a channel that is closed would be an uncaught error. The end of the process is told below.
      process.send(message, () => {})
    }, answer)
    process.on('message', (message: Message) => this.peer.received(message))
    this.gone = new Promise((resolve) => {
      const end = (how: string) => {
        const reason = new Failure('PROCESS_ENDED', `${name} ended by itself (${how})`, 'Run it again.')
        this.peer.end(reason)
        resolve(reason)
      }
      process.once('exit', (code, signal) => end(signal ?? `code ${code}`))
      process.once('error', ({ message }) => end(message))
    })
  }

  /** Starts a process, and gives it its first order. `answer` answers what it asks. */
  static async start(
    part: ProcessPart,
    name: string,
    order: unknown,
    answer: (what: unknown) => unknown = () => undefined,
  ): Promise<{ readonly child: Child; readonly answer: unknown }> {
    // What it writes must not stand between the lines of the command.
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
    const child = new Child(fork(PROGRAM, [part], { serialization: 'advanced', stdio: [...stdio] }), name, answer)
    try {
      return { child, answer: await child.ask(order) }
    } catch (error) {
      await child.stop()
      throw error
    }
  }

  /** The id by which the system knows it. */
  get pid(): number | undefined {
    return this.process.pid
  }

  /** One that does not answer is ended. */
  async ask(what: unknown, timeoutMs = PROCESS_ANSWER_MS): Promise<unknown> {
    const timer = setTimeout(() => {
      this.peer.end(new Failure('PROCESS_SILENT', `${this.name} gave no answer in ${timeoutMs} ms`, 'Run it again.'))
      this.process.kill('SIGKILL')
    }, timeoutMs)
    return this.peer.ask(what).finally(() => clearTimeout(timer))
  }

  /** Lets it close, and ends it. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.process.kill('SIGKILL'), PROCESS_STOP_MS)
    if (this.process.connected) this.process.disconnect()
    await this.gone
    clearTimeout(timer)
  }
}

/** Starts several of them, or none. */
export async function startAll<T>(
  starts: readonly Promise<{ readonly child: Child; readonly answer: T }>[],
): Promise<readonly { readonly child: Child; readonly answer: T }[]> {
  const settled = await Promise.allSettled(starts)
  const started = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = settled.find((one) => one.status === 'rejected')
  if (failed === undefined) return started
  await Promise.all(started.map(({ child }) => child.stop()))
  throw failed.reason
}
