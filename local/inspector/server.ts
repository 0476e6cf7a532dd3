import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { COMMAND_BYTES_MAX, LOCKS_BYTES_MAX } from '../../inspector/limits.js'
import type { PlayCommand } from '../../inspector/model/play.js'
import { readCommand } from '../../inspector/model/play.js'
import { readBody } from '../gateway/read-body.js'
import { listen } from '../listen.js'
import { packageRoot } from '../package-root.cjs'
import { parsed } from './facts.js'
import { Guard, SECURITY_HEADERS } from './guard.js'
import type { Pages } from './pages.js'

/** The files of the page, where the build has put them. */
export const PAGE_FOLDER = join(packageRoot, 'dist', 'inspector')

const FILES: ReadonlyMap<string, readonly [file: string, type: string]> = new Map([
  ['', ['index.html', 'text/html; charset=utf-8']],
  ['app.js', ['app.js', 'text/javascript; charset=utf-8']],
  ['app.css', ['app.css', 'text/css; charset=utf-8']],
  ['protocol.html', ['protocol.html', 'text/html; charset=utf-8']],
])

const LOCKS_PATH = 'locks'

interface InspectorServerOptions {
  readonly pages: Pages
  /** Reads the tables again. */
  readonly read?: () => Promise<void>
  /** Undefined where the page has nothing to drive. */
  readonly carryOut?: (command: PlayCommand) => Promise<void> | undefined
  /** Ends a process, as it is shown. Without this the page only reads. */
  readonly evict?: (process: string) => Promise<void>
  /** Takes what an application says of its attribute locks. Returns the status of the answer. */
  readonly takeLocks?: (body: string) => number
}

/** Serves the page on this machine only, to everybody who has its address. */
export class InspectorServer {
  private readonly guard = new Guard()
  private server: Server | undefined

  constructor(private readonly options: InspectorServerOptions) {}

  get address(): string {
    return `http://127.0.0.1:${this.port}/${this.guard.token}/`
  }

  /** Where applications say which attributes they lock. */
  get locksAddress(): string {
    return `http://127.0.0.1:${this.port}/${this.guard.applicationToken}/${LOCKS_PATH}`
  }

  async start(port: number): Promise<void> {
    const server = createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy())
    })
    await listen(server, port, 'the inspector')
    this.server = server
  }

  async stop(): Promise<void> {
    const { server } = this
    this.server = undefined
    if (server === undefined) return
    this.options.pages.close()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }

  private get port(): number {
    const address = this.server?.address()
    if (typeof address !== 'object' || address === null) throw new Error('the inspector is not running')
    return address.port
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const verdict = this.guard.check(request, this.port)
    if ('refused' in verdict) return answer(response, 403, `refused: ${REFUSALS[verdict.refused]}`)
    const { path } = verdict
    if (verdict.of === 'application') return this.locks(path, request, response)
    if (request.method === 'POST') return this.command(path, request, response)
    if (request.method !== 'GET') return answer(response, 405, 'only GET and POST')
    if (path === 'events') return this.stream(request, response)
    const [file, type] = FILES.get(path) ?? []
    if (file === undefined || type === undefined) return answer(response, 404, 'there is no such file')
    answer(response, 200, await readFile(join(PAGE_FOLDER, file)), type)
  }

  private stream(request: IncomingMessage, response: ServerResponse): void {
    const { pages } = this.options
    if (!pages.hasRoom) return answer(response, 503, 'too many pages are open')
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
    // The browser sends the one where its connection broke, the page the other where it comes back by itself.
    const lastEventId = request.headers['last-event-id'] ?? /[?&]after=(\d+)$/.exec(request.url ?? '')?.[1]
    pages.add(response, typeof lastEventId === 'string' ? lastEventId : undefined)
  }

  private async locks(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { takeLocks } = this.options
    if (request.method !== 'POST' || path !== LOCKS_PATH || takeLocks === undefined) {
      return answer(response, 404, 'there is no such command')
    }
    const body = await readBody(request, LOCKS_BYTES_MAX)
    if (body === undefined) return answer(response, 413, 'too long')
    response.writeHead(takeLocks(body.toString()), SECURITY_HEADERS).end()
  }

  /** JSON is what no form of another page can send. */
  private async command(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.headers['content-type'] !== 'application/json') return answer(response, 415, 'expected JSON')
    const body = await readBody(request, COMMAND_BYTES_MAX)
    if (body === undefined) return answer(response, 413, 'too long')
    const carriedOut = this.carryOut(path, body.toString())
    if ('refused' in carriedOut) return answer(response, ...carriedOut.refused)
    try {
      await carriedOut.done
      response.writeHead(204, SECURITY_HEADERS).end()
    } catch (error) {
      answer(response, 409, error instanceof Error ? error.message : 'it failed')
    }
  }

  private carryOut(path: string, body: string): { done: Promise<void> } | { refused: readonly [number, string] } {
    const { read, carryOut, evict } = this.options
    if (path === 'read' && read !== undefined) return { done: read() }
    if (path === 'evict') {
      if (evict === undefined) return { refused: [403, 'this page only reads'] }
      const process = readProcess(body)
      return process === undefined ? { refused: [400, 'there is no such process'] } : { done: evict(process) }
    }
    if (path !== 'play') return { refused: [404, 'there is no such command'] }
    const command = readCommand(body)
    if (command === undefined) return { refused: [400, 'there is no such command'] }
    const done = carryOut?.(command)
    return done === undefined ? { refused: [404, 'this stack has no demo'] } : { done }
  }
}

const REFUSALS = {
  host: 'the inspector answers under 127.0.0.1 and localhost only',
  origin: 'another page may not ask',
  token: 'the address has another token; the stack printed the right one when it started',
} as const

const SHOWN_PROCESS = /^[\w-]{1,16}$/

function readProcess(body: string): string | undefined {
  const { process } = parsed(body) ?? {}
  return typeof process === 'string' && SHOWN_PROCESS.test(process) ? process : undefined
}

function answer(response: ServerResponse, status: number, body: string | Buffer, type = 'text/plain; charset=utf-8') {
  response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': type }).end(body)
}
