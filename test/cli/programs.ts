import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { run } from '../../cli/run.js'
import { Terminal } from '../../cli/terminal.js'
import { packageRoot } from '../../local/package-root.cjs'

/** The command as it was built. */
export const COMMAND = join(packageRoot, 'dist/import/cli.js')

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Before the command, such as `--import`. */
  readonly node?: readonly string[]
}

/** Nothing of the shell that runs the tests reaches a command, and no credentials of any machine. */
const bareEnvironment = (env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  TERM: 'xterm',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  ...env,
})

const running = new Set<Running>()

/** Ends what a test that failed has left. */
export function endAll(): void {
  for (const { child } of running) child.kill('SIGKILL')
  running.clear()
}

/** A command that runs in pipes, for tests that talk to it. */
export class Running {
  out = ''
  err = ''
  readonly ended: Promise<Ended>
  private readonly waiting = new Set<() => void>()

  constructor(readonly child: ChildProcess) {
    running.add(this)
    child.stdout?.on('data', (chunk) => this.add(() => (this.out += String(chunk))))
    child.stderr?.on('data', (chunk) => this.add(() => (this.err += String(chunk))))
    this.ended = once(child, 'close').then(([code]) => {
      running.delete(this)
      this.add(() => {})
      return { code, out: this.out, err: this.err }
    })
  }

  /** Resolves when either output has this text. */
  async shows(text: string): Promise<void> {
    while (!this.out.includes(text) && !this.err.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`it ended without '${text}': ${this.out}${this.err}`)
      await new Promise<void>((resolve) => this.waiting.add(resolve))
    }
  }

  private add(take: () => void): void {
    take()
    for (const look of this.waiting) look()
    this.waiting.clear()
  }
}

export function startInPipe(args: readonly string[], { env, node = [] }: Surroundings = {}): Running {
  const all = [...node, COMMAND, ...args]
  return new Running(spawn(process.execPath, all, { cwd: packageRoot, env: bareEnvironment(env) }))
}

export function inPipe(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const started = startInPipe(args, surroundings)
  started.child.stdin?.end(surroundings.input ?? '')
  return started.ended
}

/** The same on a pseudo-terminal of its own, which `script` makes. What it shows is in `out`. */
export function startInTerminal(args: readonly string[], { env }: Surroundings = {}): Running {
  const words = [process.execPath, COMMAND, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  const command = `stty cols 100 rows 40; exec ${words.join(' ')}`
  return new Running(spawn('script', ['-qec', command, '/dev/null'], { cwd: packageRoot, env: bareEnvironment(env) }))
}

export async function inTerminal(args: readonly string[], surroundings: Surroundings = {}): Promise<Ended> {
  const started = startInTerminal(args, surroundings)
  const ended = await started.ended
  started.child.stdin?.end()
  return ended
}

/** The same in this process, from the source: without the time that a process takes to start. */
export async function inProcess(args: readonly string[], { env = {}, input = '' }: Surroundings = {}): Promise<Ended> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  stdin.end(input)
  const terminal = new Terminal({ input: stdin, output: stdout, errors: stderr }, env)
  await run(args, terminal)
  const text = (stream: PassThrough) => String(stream.read() ?? '')
  return { code: terminal.exitCode, out: text(stdout), err: text(stderr) }
}

/** The whole output is one JSON value. */
export const jsonOf = ({ out }: Ended): unknown => JSON.parse(out)

/** Each line of the output is one. */
export const jsonLinesOf = ({ out }: Ended): unknown[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** The ids of the processes that a command runs beside itself. */
export async function processesOf({ child }: Running): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args='])
  return stdout.split('\n').flatMap((line) => {
    const [, pid, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return Number(parent) === child.pid && args.includes('cli-process.js') ? [Number(pid)] : []
  })
}

/** Resolves when none of these processes runs any more. */
export async function untilGone(ids: readonly number[]): Promise<void> {
  for (;;) {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,stat='])
    const listed = stdout.split('\n').map((line) => line.trim().split(/\s+/))
    if (!listed.some(([pid, stat]) => ids.includes(Number(pid)) && stat?.startsWith('Z') === false)) return
  }
}
