import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { packageRoot } from '../../local/package-root.cjs'

const list = promisify(execFile)
const LOOK_PERIOD_MS = 50

/** The file of a built script of the examples, as in `shop/start.js`. */
export const builtExample = (script: string): string => join(packageRoot, 'dist', 'esm', 'examples', script)

/** A process as the system lists it. */
export interface Listed {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** All processes of this machine that have not ended. */
async function processes(): Promise<readonly Listed[]> {
  const { stdout } = await list('ps', ['-eo', 'pid=,ppid=,stat=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, state = 'Z', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    return state.startsWith('Z') ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}

/** A program as a terminal would run it: the leader of a process group of its own. */
export class Program {
  output = ''
  private readonly child: ChildProcess
  private readonly exited: Promise<unknown[]>
  private readonly onOutput = new Set<() => void>()

  private constructor(command: string, args: readonly string[], environment: NodeJS.ProcessEnv) {
    const env = { ...process.env, ...environment }
    const child = spawn(command, args, { cwd: packageRoot, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    // The streams end after the process: then all that it said is here.
    this.exited = once(child, 'close')
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString()
        for (const look of this.onOutput) look()
      })
    }
  }

  /** A built script of the examples. */
  static start(script: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}): Program {
    return new Program(process.execPath, [builtExample(script), ...args], environment)
  }

  /** A script of the package, as npm runs it. */
  static npm(script: string, environment: NodeJS.ProcessEnv = {}): Program {
    return new Program('npm', ['run', script], environment)
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the program did not start')
    return this.child.pid
  }

  /** Resolves when it has said this. Rejects where it ends without. */
  async says(text: string): Promise<void> {
    const heard = new Promise<void>((resolve) => {
      const look = () => {
        if (this.output.includes(text)) resolve()
      }
      this.onOutput.add(look)
      look()
    })
    await Promise.race([heard, this.exited])
    if (!this.output.includes(text)) throw new Error(`it ended without saying '${text}':\n${this.output}`)
  }

  /** Its exit code, or the signal that ended it. */
  async ends(): Promise<unknown> {
    const [code, signal] = await this.exited
    return code ?? signal
  }

  /** The processes that run under it now, down to the last child. */
  async descendants(): Promise<readonly Listed[]> {
    const all = await processes()
    const below = (pid: number): readonly Listed[] =>
      all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)])
    return below(this.pid)
  }

  /** As Ctrl-C does: to every process of the terminal's foreground group. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT')
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Leaves nothing behind, however the test ended. */
  async remove(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) process.kill(-this.pid, 'SIGKILL')
    await this.exited
  }
}

/** The commands of these processes, where they still run. */
export async function survivors(of: readonly Listed[]): Promise<readonly string[]> {
  const running = new Map((await processes()).map(({ pid, command }) => [pid, command]))
  return of.filter(({ pid, command }) => running.get(pid) === command).map(({ command }) => command)
}

/** Resolves when all of these processes have ended. Nobody tells when a process of another has: one has to look. */
export async function haveEnded(all: readonly Listed[]): Promise<void> {
  while ((await survivors(all)).length > 0) await pause(LOOK_PERIOD_MS)
}
