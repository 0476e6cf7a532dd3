import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const READY = /ready to accept connections/i
const NOT_FOUND = 127
const OUTPUT_CHARS_MAX = 4_000

/**
 * A shell that becomes Redis. Its copy in the background kills Redis as soon as this process is gone, however it ended:
 * file descriptor 3 then ends without a line. In both cases it removes the folder.
 */
const UNDER_WATCH = `folder=$1; shift
(read -r line || kill -9 $$; rm -rf "$folder") <&3 >/dev/null 2>&1 &
exec redis-server "$@" 3<&-`

/** Redis is not on this machine. */
export class RedisMissingError extends Error {}

/** A Redis of its own: in memory, in a temporary folder, reached by a socket in that folder and by nothing else. */
export class RedisServer {
  private constructor(
    readonly socket: string,
    private readonly child: ChildProcess,
  ) {}

  /** Throws a RedisMissingError where it is not installed. */
  static async start(): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-redis-'))
    const socket = join(folder, 'socket')
    const options = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no']
    // It has a process group of its own, so that Ctrl-C reaches the servers that use it first.
    const child = spawn('/bin/sh', ['-c', UNDER_WATCH, 'sh', folder, ...options], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    await ready(child).catch(async (error: unknown) => {
      await rm(folder, { recursive: true, force: true })
      throw error
    })
    return new RedisServer(socket, child)
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit')
      this.child.kill('SIGKILL')
      await exited
    }
    const watch = this.child.stdio[3] as Socket
    // The watching shell ends after this line, and the pipe ends with it.
    const closed = once(watch, 'close')
    watch.resume().end('done\n')
    await closed
  }
}

async function ready(child: ChildProcess): Promise<void> {
  let output = ''
  const said = new Promise<void>((resolve) => {
    const look = (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-OUTPUT_CHARS_MAX)
      if (READY.test(output)) resolve()
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
  })
  const exited = once(child, 'exit').then(([code]: unknown[]) => code)
  const code = await Promise.race([said, exited])
  if (READY.test(output)) return
  if (code !== NOT_FOUND) throw new Error(`redis-server did not start: ${output.trim()}`)
  throw new RedisMissingError('redis-server is not installed (Debian: apt-get install redis-server)')
}
