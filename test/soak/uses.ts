import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import type { Holdfast } from '../../client/holdfast.js'
import { WorkerClient } from '../../client/worker/client.js'
import { readProcess } from '../../protocol/process/record.js'
import type { World } from '../support/world.js'

export interface State {
  n: number
  text: string
}

type Client = Holdfast<State>

const increment = ({ state }: { readonly state: Partial<State> }): void => {
  state.n = (state.n ?? 0) + 1
}

/** The call must fail like this. */
async function fails(code: string, call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (error) {
    if ((error as HoldfastError).code === code) return
    throw error
  }
  throw new Error(`a call did not fail with ${code}`)
}

/** All that an application does with an id, of two clients that share the sessions. */
export class Uses {
  /** As of an application that shuts down some day: nearly every call has it. */
  readonly shutdown = new AbortController()

  constructor(
    private readonly client: Client,
    private readonly other: Client,
  ) {}

  /** One id, used in one of the ways. Each way comes as often as the others. */
  use(index: number): Promise<unknown> {
    const id = `session ${index}`
    const uses = [
      () => this.handOver(id),
      () => this.refuse(id),
      () => this.open(id),
      () => this.end(id),
      () => this.move(id),
      () => this.nest(id),
    ]
    return (uses[index % uses.length] as () => Promise<unknown>)()
  }

  /** A worker thread that comes and goes. */
  async work(index: number): Promise<void> {
    const port: MessagePort = this.client.workerPort()
    const greeting = receiveMessageOnPort(port)?.message
    const thread = new WorkerClient(port, greeting) as unknown as HoldfastApi<State> & { close(): void }
    await thread.access(`worker ${index}`, 'all', increment, this.options)
    await fails('INVALID_ARGUMENT', thread.access(`worker ${index}`, 'all', increment, { timeoutMs: -1 }))
    await fails('SESSION_MISSING', thread.access(`nobody ${index}`, 'all', increment, { ifMissing: 'fail' }))
    await thread.destroy(`worker ${index}`)
    thread.close()
  }

  private get options() {
    return { signal: this.shutdown.signal }
  }

  private async handOver(id: string): Promise<void> {
    await this.client.access(id, { write: ['n'] }, increment, this.options)
    await Promise.all([
      this.other.access(id, 'all', increment, this.options),
      this.other.access(id, { read: ['n'] }, () => {}, { ...this.options, durability: 'release' }),
    ])
    await this.client.access(id, 'all', increment, { ...this.options, durability: 'release' })
  }

  private async refuse(id: string): Promise<void> {
    await fails('SESSION_MISSING', this.client.access(id, 'all', increment, { ...this.options, ifMissing: 'fail' }))
    await fails('SESSION_MISSING', this.client.rotate(id))
    await this.client.peek(id)
    await fails(
      'TOO_LARGE',
      this.client.access(id, 'all', ({ state }) => void (state.text = 'x'.repeat(500_000))),
    )
    const held = await this.client.open(id, 'all')
    const given = new AbortController()
    const waiting = this.other.access(id, 'all', increment, { signal: given.signal })
    given.abort()
    await fails('ABORTED', waiting)
    await held.close()
  }

  private async open(id: string): Promise<void> {
    const session = await this.client.open(id, { write: ['n'] }, this.options)
    await session.lock({ write: ['text'] })
    increment(session)
    await session.close()
    const dropped = await this.client.open(id, 'all')
    await dropped[Symbol.asyncDispose]()
  }

  private async end(id: string): Promise<void> {
    await this.client.access(id, 'all', increment, this.options)
    if (!(await this.client.destroy(id))) throw new Error('a session that exists was not destroyed')
    await fails('SESSION_MISSING', this.other.access(id, 'all', increment, { ifMissing: 'fail' }))
    await this.client.access(`${id} again`, 'all', async (session) => session.destroy(), this.options)
  }

  private async move(id: string): Promise<void> {
    await this.client.access(id, 'all', increment)
    const next = await this.client.rotate(id, () => {}, this.options)
    await this.client.access(next, 'all', async (session) => void (await session.rotate()))
    await this.client.create({ n: 1 })
  }

  private async nest(id: string): Promise<void> {
    const ids = [id, `${id} too`]
    await this.client.accessMany(ids, 'all', (sessions) => sessions.forEach(increment), this.options)
    await this.client.access(id, { all: 'read' }, () => this.client.access(id, { read: ['n'] }, () => {}))
    await fails(
      'NESTED_ACCESS',
      this.client.access(id, 'all', () => this.client.destroy(`${id} too`)),
    )
  }
}

/** What TTL does to the records of sessions that nobody holds, as if left for long, and of processes that are over. */
export function forgetRecords({ memory, clock }: World): void {
  for (const key of memory.items('sessions').keys()) memory.removeNow('sessions', key)
  for (const [key, item] of memory.items('locks')) {
    const isOver = key.startsWith('P#') && (readProcess(item)?.leaseUntil ?? 0) < clock.wallMs()
    if (isOver || key.startsWith('S#')) memory.removeNow('locks', key)
  }
}
