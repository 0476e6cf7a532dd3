import type { AccessSession } from '../access/access-session.js'
import type { HoldfastApi } from '../api.js'
import { compileLockRequest, type LockSpec } from '../attribute-locks/lock-request.js'
import { encodeValue } from '../codec/index.js'
import { InvalidArgumentError, RefusedError } from '../errors/index.js'
import { WORKER_CALLS_MAX } from '../limits.js'
import { outsideAccesses } from '../scope.js'
import { adopt, checkTryLock, onlyId, sessionAt, unknownMessage } from './incoming.js'
import type { Entries, Opened, ToHost, ToWorker, TryLocked } from './messages.js'
import type { Channel, Port } from './port.js'
import { toWire } from './wire-error.js'

/**
 * Ends an access whose work has failed in the worker thread, or whose worker thread has ended. It is never shown. A
 * thread may have thousands of calls under way when it ends, so all of them share this one error.
 */
const WORK_DROPPED = new Error('the work is of no use any more')

interface Call {
  readonly controller: AbortController
  /** The changes of the work, when it has ended. Rejected where no changes are kept. */
  readonly work: Promise<readonly Entries[]>
  readonly finish: (changes: readonly Entries[]) => void
  readonly drop: () => void
  sessions: readonly AccessSession[]
}

/**
 * The main thread's side of one worker thread. It makes the thread's accesses with the client, like any other access of
 * the process: the client manages locks, commits and losses, and only the work runs in the thread. The port closes when
 * the thread ends, however it ends. Then its locks and waits are freed, and uncommitted changes are discarded.
 */
export class WorkerHost {
  /** The port for the thread. */
  readonly port: Port
  private readonly own: Port
  private readonly calls = new Map<number, Call>()
  /** Requests of running accesses that are not answered yet. */
  private requests = 0

  constructor(
    private readonly client: HoldfastApi<Record<string, unknown>>,
    private readonly onClosed: (host: WorkerHost) => void,
    openChannel: () => Channel,
  ) {
    // A port's events run in the asynchronous context that made the port. That must not be the context of an access.
    const { port1, port2 } = outsideAccesses(openChannel)
    this.own = port1
    this.port = port2
    this.own.on('message', (message: unknown) => this.receive(message as Partial<ToHost>))
    this.own.on('close', () => this.close())
    // This port does not keep the process alive. The thread does that itself.
    this.own.unref()
  }

  private close(): void {
    for (const call of this.calls.values()) {
      call.controller.abort(WORK_DROPPED)
      call.drop()
    }
    this.calls.clear()
    this.onClosed(this)
  }

  private send(message: ToWorker): void {
    this.own.postMessage(message)
  }

  /** Takes a message from the thread. It is not trusted: the thread's program may have sent it by mistake. */
  private receive(message: Partial<ToHost>): void {
    const { n } = message ?? {}
    if (typeof n !== 'number') return
    try {
      this.handle(message as ToHost)
    } catch (error) {
      this.send({ kind: 'failed', n, error: toWire(error) })
    }
  }

  private handle(message: ToHost): void {
    const { n } = message
    switch (message.op) {
      case 'access':
      case 'accessMany':
      case 'rotate':
      case 'peek':
      case 'destroy':
      case 'release':
        return this.begin(n, message)
      case 'finish':
        return this.calls.get(n)?.finish(message.changes)
      case 'drop':
        return this.calls.get(n)?.drop()
      case 'abort':
        return this.calls.get(n)?.controller.abort()
      case 'commit':
        return void this.reply(message, async (session) => {
          adopt(session.content, message.changes)
          await session.commit()
          return []
        })
      case 'lock':
        return void this.reply(message, async (session) => {
          await session.lock(message.locks, message.options)
          return this.entriesOf(session, message.locks)
        })
      case 'ttl':
        sessionAt(this.calls.get(n)?.sessions, message.index).ttlMs = message.ttlMs
        return
      case 'tryLock':
        return this.tryLock(message)
      default:
        throw unknownMessage()
    }
  }

  private begin(n: number, message: Extract<ToHost, { ids: unknown } | { id: unknown }>): void {
    if (this.calls.has(n)) throw new InvalidArgumentError('a worker thread used the number of a call twice')
    if (this.calls.size >= WORKER_CALLS_MAX) throw tooMany('calls')
    const call = createCall()
    this.calls.set(n, call)
    outsideAccesses(() => this.perform(n, call, message)).then(
      (value) => this.end(n, () => ({ kind: 'done', n, value })),
      (error: unknown) =>
        this.end(n, () => ({ kind: 'failed', n, error: error === WORK_DROPPED ? undefined : toWire(error) })),
    )
  }

  private end(n: number, message: () => ToWorker): void {
    const call = this.calls.get(n)
    if (call === undefined) return
    this.calls.delete(n)
    // A loss ends the access before its work has ended: nothing waits for the work any more.
    call.drop()
    this.send(message())
  }

  private async perform(n: number, call: Call, message: Extract<ToHost, { ids: unknown } | { id: unknown }>) {
    const { client } = this
    const options = { ...message.options, ...(message.op === 'release' ? {} : { signal: call.controller.signal }) }
    const work = (sessions: readonly unknown[]) => this.work(n, call, sessions as readonly AccessSession[])
    switch (message.op) {
      case 'access':
        return client.access(onlyId(message.ids), message.locks as 'all', (session) => work([session]), options)
      case 'accessMany':
        return client.accessMany(message.ids, message.locks as 'all', work, options)
      case 'rotate':
        return client.rotate(onlyId(message.ids), (session) => work([session]), options)
      case 'destroy':
        return client.destroy(message.id, options)
      case 'release':
        return client.release(message.id)
      case 'peek': {
        const found = await client.peek(message.id)
        if (found === undefined) return undefined
        return { ...found, state: Object.entries(found.state).map(([name, value]) => [name, encodeValue(value, name)]) }
      }
    }
  }

  /** The work of an access, for the client. It waits until the work in the thread has ended. */
  private async work(n: number, call: Call, sessions: readonly AccessSession[]): Promise<void> {
    call.sessions = sessions
    for (const [index, { signal, wantedSignal }] of sessions.entries()) {
      wantedSignal.addEventListener('abort', () => this.send({ kind: 'wanted', n, index }))
      signal.addEventListener('abort', () => this.send({ kind: 'lost', n, index, error: toWire(signal.reason) }))
    }
    this.send({ kind: 'begin', n, sessions: sessions.map((session) => opened(session)) })
    const changes = await call.work
    for (const [index, session] of sessions.entries()) adopt(session.content, changes?.[index])
  }

  private async reply(
    { n, m, index }: Extract<ToHost, { m: number }>,
    answer: (session: AccessSession) => Promise<Entries>,
  ): Promise<void> {
    this.requests += 1
    try {
      if (this.requests > WORKER_CALLS_MAX) throw tooMany('requests')
      const session = sessionAt(this.calls.get(n)?.sessions, index)
      const attributes = await answer(session)
      this.send({ kind: 'reply', n, m, attributes, rev: session.rev, isNew: session.isNew })
    } catch (error) {
      this.send({ kind: 'refused', n, m, error: toWire(error) })
    } finally {
      this.requests -= 1
    }
  }

  private tryLock(message: Extract<ToHost, { op: 'tryLock' }>): void {
    checkTryLock(message)
    const { n, index, locks, done, port } = message
    let answer: TryLocked
    try {
      const session = sessionAt(this.calls.get(n)?.sessions, index)
      const isLocked = session.tryLock(locks) !== undefined
      answer = isLocked ? { attributes: this.entriesOf(session, locks) } : { attributes: undefined, error: undefined }
    } catch (error) {
      answer = { attributes: undefined, error: toWire(error) }
    }
    port.postMessage(answer)
    Atomics.store(done, 0, 1)
    Atomics.notify(done, 0)
  }

  private entriesOf(session: AccessSession, locks: LockSpec): Entries {
    return [...session.content.entries(compileLockRequest(locks))]
  }
}

const opened = (session: AccessSession): Opened => ({
  epoch: session.epoch,
  isNew: session.isNew,
  createdAtMs: session.createdAt.getTime(),
  lastAccessAtMs: session.lastAccessAt.getTime(),
  rev: session.rev,
  ttlMs: session.ttlMs,
  aliveUntilMs: session.aliveUntil.getTime(),
  wanted: session.wanted,
  attributes: [...session.content.lockedEntries()],
})

const tooMany = (what: 'calls' | 'requests'): RefusedError =>
  new RefusedError('LOCAL_QUEUE_FULL', `${WORKER_CALLS_MAX} ${what} of this worker thread are under way`, true)

function createCall(): Call {
  let finish: Call['finish'] = () => {}
  let drop: Call['drop'] = () => {}
  const work = new Promise<readonly Entries[]>((resolve, reject) => {
    finish = resolve
    drop = () => reject(WORK_DROPPED)
  })
  // Nothing awaits it if the access never began: a rejection must not be an unhandled one.
  work.catch(() => {})
  return { controller: new AbortController(), work, finish, drop, sessions: [] }
}
