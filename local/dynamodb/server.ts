import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { LocalStartError } from '../errors.js'
import { InTurn } from '../in-turn.js'
import { freePort } from '../listen.js'
import { answering } from './answering.js'
import { DataFolder } from './data-folder.js'
import { type Database, newKey } from './database.js'
import { findJar } from './jar.js'
import { findJava } from './java.js'

/** A loaded machine takes ten times what it takes alone. */
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 5_000
/** Another program may take the port that was free a moment ago. */
const START_ATTEMPTS_MAX = 3
const OUTPUT_CHARS_MAX = 4_000

/**
 * Against the defaults: a third less time to start, twice the requests per second in the first minute, a bounded heap.
 */
const JAVA_OPTIONS = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData']

/**
 * A script that becomes Java, and leaves a shell behind. The shell kills Java as soon as this process is gone, however
 * it ended: file descriptor 3 then ends without a line. After an orderly end the shell gets a line, so that it never
 * kills another process with the same id. In both cases it removes the folder of Java's temporary files, its first
 * argument. No other user of this machine may read the data.
 */
const UNDER_WATCH = `umask 077; folder=$1; shift
(read -r line || kill -9 $$; rm -rf "$folder") <&3 >/dev/null 2>&1 &
exec "$0" "-Djava.io.tmpdir=$folder" "$@" 3<&-`

export interface DynamoDbLocalOptions {
  /** Where the data are kept. @default - in memory, lost at `stop` */
  readonly dataDir?: string | undefined
  /** Whether all keys have the same tables: for tests of what a stack does there. @default false */
  readonly isShared?: boolean
}

/** One DynamoDB Local: a Java process on a port of this machine. It can be stopped and started again on that port. */
export class DynamoDbLocal implements Database {
  readonly outlivesStack = false
  private readonly newKey = newKey()
  private readonly turns = new InTurn()
  private readonly folder: DataFolder | undefined
  private child: ChildProcess | undefined
  private chosenPort: number | undefined

  constructor(private readonly options: DynamoDbLocalOptions = {}) {
    this.folder = options.dataDir === undefined ? undefined : new DataFolder(resolve(options.dataDir))
  }

  /** The same through every restart. */
  get port(): number {
    if (this.chosenPort === undefined) throw new Error('DynamoDB Local has not been started yet')
    return this.chosenPort
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** That of its data folder, once it has been started there: tables of an earlier start are found by it. */
  get accessKeyId(): string {
    return this.folder?.accessKeyId ?? this.newKey
  }

  /** The process id of Java while it runs. */
  get pid(): number | undefined {
    return this.child?.pid
  }

  start(): Promise<void> {
    return this.turns.run(() => this.begin())
  }

  /** Ends the process. The data in a data folder stay there. */
  stop(): Promise<void> {
    return this.turns.run(() => this.end())
  }

  private async begin(): Promise<void> {
    if (this.child !== undefined && isRunning(this.child)) return
    // One that has crashed still has its folder.
    await this.end()
    const [java, jar] = [await findJava(), findJar()]
    await this.folder?.take(this.newKey)
    try {
      await this.launch(java, jar)
    } catch (error) {
      await this.folder?.leave()
      throw error
    }
  }

  private async end(): Promise<void> {
    const child = this.child
    this.child = undefined
    if (child === undefined) return
    await end(child, this.folder === undefined ? 'SIGKILL' : 'SIGTERM')
    await this.folder?.leave()
  }

  private async launch(java: string, jar: string): Promise<void> {
    const attemptsMax = this.chosenPort === undefined ? START_ATTEMPTS_MAX : 1
    for (let attempt = 1; ; attempt += 1) {
      const port = this.chosenPort ?? (await freePort('DynamoDB Local'))
      try {
        this.child = await launch(java, this.argumentsFor(jar, port), dirname(jar), port)
        this.chosenPort = port
        return
      } catch (error) {
        if (attempt >= attemptsMax) throw error
      }
    }
  }

  private argumentsFor(jar: string, port: number): string[] {
    const storage = this.folder === undefined ? ['-inMemory'] : ['-dbPath', this.folder.path]
    const library = `-Djava.library.path=${join(dirname(jar), 'DynamoDBLocal_lib')}`
    const division = this.options.isShared === true ? ['-sharedDb'] : []
    const options = ['-port', String(port), ...division, '-disableTelemetry', ...storage]
    return [...JAVA_OPTIONS, library, '-jar', jar, ...options]
  }
}

async function launch(java: string, args: string[], folder: string, port: number): Promise<ChildProcess> {
  // Java has a process group of its own, so Ctrl-C reaches only this process, which needs its tables while it ends.
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-java-'))
  const origin = `http://${randomUUID()}.invalid`
  const child = spawn('/bin/sh', ['-c', UNDER_WATCH, java, temporary, ...args, '-cors', origin], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  child.unref()
  for (const stream of child.stdio) (stream as Socket | null)?.unref()
  leashOf(child)?.on('error', () => {})
  let output = ''
  const keep = (chunk: Buffer) => {
    output = `${output}${chunk.toString()}`.slice(-OUTPUT_CHARS_MAX)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  try {
    const gone = new AbortController()
    child.once('exit', () => gone.abort())
    child.once('error', () => gone.abort())
    await answering(`http://127.0.0.1:${port}`, START_TIMEOUT_MS, { origin, gone: gone.signal })
    return child
  } catch (error) {
    await end(child, 'SIGKILL')
    // Even the shell could not be started.
    await rm(temporary, { recursive: true, force: true })
    const { message } = error as Error
    throw new LocalStartError(
      `DynamoDB Local did not start: ${[message, output.trim()].filter(Boolean).join('\n')}`,
      error,
    )
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const leash = leashOf(child)
  if (child.pid !== undefined && isRunning(child)) {
    const exited = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(timer)
  }
  if (leash === undefined || leash.destroyed) return
  // The watching shell ends after this line, and the pipe ends with the shell. So nothing is left when this returns.
  const closed = once(leash, 'close')
  leash.resume().end('done\n')
  await closed
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

const leashOf = (child: ChildProcess): Socket | undefined => (child.stdio[3] as Socket | null) ?? undefined
