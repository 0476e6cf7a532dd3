import type { AccessSession } from '../access/access-session.js'
import type { OpenedSession } from '../access/opened-session.js'
import type { HoldfastApi } from '../api.js'
import { InvalidArgumentError, RefusedError } from '../errors/index.js'
import { WORKER_CALLS_MAX } from '../limits.js'
import { outsideAccesses } from '../scope.js'
import { answer, answerTryLock } from './answers.js'
import { adopt, attributesIn, onlyId, sessionAt, unknownMessage } from './incoming.js'
import type { CallMessage, Entries, Greeting, RequestMessage, ToHost, ToWorker } from './messages.js'
import { attributesOf, factsOf, peeked } from './outgoing.js'
import type { Channel, Port } from './port.js'
import { toWire } from './wire-error.js'

/**
 * Ends an access whose work has failed in the worker thread, or whose worker thread has ended. It is never shown. A
 * thread may have thousands of calls under way when it ends, so all of them share this one error.
 */
const WORK_DROPPED = new Error('the work is of no use any more')

/** The client's `open`, as the client itself has it. */
interface Opener {
  open(id: string, locks: unknown, options: object, isInside: boolean): Promise<unknown>
}

interface Call {
  /** A call of `open`. */
  readonly isOpen: boolean
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
  /** For requests that have a signal of their own, by their numbers. */
  private readonly aborts = new Map<number, AbortController>()
  private isShut = false

  constructor(
    private readonly client: HoldfastApi<Record<string, unknown>>,
    greeting: Greeting,
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
    this.own.postMessage(greeting)
  }

  /** The client is closed. The port closes when all that the thread has asked is answered: sessions are over by now. */
  shut(): void {
    this.isShut = true
    for (const call of this.calls.values()) if (call.isOpen) call.drop()
    this.closeIfDone()
  }

  private closeIfDone(): void {
    if (!this.isShut || this.calls.size > 0 || this.requests > 0) return
    this.send({ kind: 'closed', n: 0 })
    this.own.close()
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
      case 'open':
      case 'rotate':
      case 'create':
      case 'peek':
      case 'destroy':
      case 'release':
        return this.begin(n, message)
      case 'finish':
        return this.calls.get(n)?.finish(message.changes)
      case 'drop':
        return this.calls.get(n)?.drop()
      case 'abort':
        if (message.m === undefined) return this.calls.get(n)?.controller.abort()
        return this.aborts.get(message.m)?.abort()
      case 'commit':
      case 'close':
      case 'lock':
      case 'rotateSession':
      case 'destroySession':
        return void this.reply(message)
      case 'ttl':
        return this.setTtl(this.calls.get(n), message)
      case 'tryLock':
        return answerTryLock(message, this.calls.get(n))
      default:
        throw unknownMessage()
    }
  }

  /** The access may be lost by now, while the thread has not heard of it. */
  private setTtl(call: Call | undefined, { index, ttlMs }: Extract<ToHost, { op: 'ttl' }>): void {
    if (call !== undefined) sessionAt(call.sessions, index).ttlMs = ttlMs
  }

  private begin(n: number, message: CallMessage): void {
    if (this.calls.has(n)) throw new InvalidArgumentError('a worker thread used the number of a call twice')
    if (this.calls.size >= WORKER_CALLS_MAX) throw tooMany('calls')
    const call = createCall(message.op === 'open')
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
    this.closeIfDone()
  }

  private async perform(n: number, call: Call, message: CallMessage): Promise<unknown> {
    const { client } = this
    const options = { ...message.options, ...(message.op === 'release' ? {} : { signal: call.controller.signal }) }
    const work = (sessions: readonly unknown[]) => this.work(n, call, sessions as readonly AccessSession[])
    switch (message.op) {
      case 'access':
        return client.access(onlyId(message.ids), message.locks as 'all', (session) => work([session]), options)
      case 'accessMany':
        return client.accessMany(message.ids, message.locks as 'all', work, options)
      case 'open':
        return this.keepOpen(n, call, await this.open(message, options))
      case 'rotate':
        return client.rotate(onlyId(message.ids), (session) => work([session]), options)
      case 'create':
        return client.create(attributesIn(message.attributes), options)
      case 'destroy':
        return client.destroy(message.id, options)
      case 'release':
        return client.release(message.id)
      case 'peek':
        return peeked(await client.peek(message.id))
    }
  }

  private open({ ids, locks, isInside }: Extract<CallMessage, { locks: unknown }>, options: object): Promise<unknown> {
    return (this.client as unknown as Opener).open(onlyId(ids), locks, options, isInside === true)
  }

  /** The work of an access, for the client. It waits until the work in the thread has ended. */
  private async work(n: number, call: Call, sessions: readonly AccessSession[]): Promise<void> {
    this.opened(n, call, sessions)
    const changes = await call.work
    for (const [index, session] of sessions.entries()) adopt(session.content, changes?.[index])
  }

  /** A session of `open`. It ends when the thread leaves its scope, or when it has been closed or destroyed. */
  private async keepOpen(n: number, call: Call, made: unknown): Promise<void> {
    const session = made as OpenedSession
    try {
      this.opened(n, call, [session])
      await call.work.catch(() => {})
    } finally {
      await session[Symbol.asyncDispose]()
    }
  }

  private opened(n: number, call: Call, sessions: readonly AccessSession[]): void {
    call.sessions = sessions
    for (const [index, session] of sessions.entries()) {
      this.listenForWanted(n, index, session)
      const { signal } = session
      signal.addEventListener('abort', () => this.send({ kind: 'lost', n, index, error: toWire(signal.reason) }))
    }
    const opened = sessions.map((session) => ({ facts: factsOf(session), attributes: attributesOf(session) }))
    this.send({ kind: 'begin', n, sessions: opened })
  }

  private listenForWanted(n: number, index: number, { wantedSignal }: AccessSession): void {
    wantedSignal.addEventListener('abort', () => this.send({ kind: 'wanted', n, index }))
  }

  private async reply(message: RequestMessage): Promise<void> {
    const { n, m, index } = message
    const call = this.calls.get(n)
    this.requests += 1
    try {
      if (this.requests > WORKER_CALLS_MAX) throw tooMany('requests')
      const session = sessionAt(call?.sessions, index)
      const { wantedSignal } = session
      const answered = await answer(message, session, this.aborts)
      // After a rotation it is another.
      if (session.wantedSignal !== wantedSignal) this.listenForWanted(n, index, session)
      this.send({ kind: 'reply', n, m, facts: factsOf(session), ...answered })
    } catch (error) {
      this.send({ kind: 'refused', n, m, error: toWire(error) })
    } finally {
      this.requests -= 1
      this.closeIfDone()
    }
    // An open session may have ended before its scope.
    if (call?.isOpen === true && call.sessions[0]?.isOver === true) call.drop()
  }
}

const tooMany = (what: 'calls' | 'requests'): RefusedError =>
  new RefusedError('LOCAL_QUEUE_FULL', `${WORKER_CALLS_MAX} ${what} of this worker thread are under way`, true)

function createCall(isOpen: boolean): Call {
  let finish: Call['finish'] = () => {}
  let drop: Call['drop'] = () => {}
  const work = new Promise<readonly Entries[]>((resolve, reject) => {
    finish = resolve
    drop = () => reject(WORK_DROPPED)
  })
  // Nothing awaits it if the access never began: a rejection must not be an unhandled one.
  work.catch(() => {})
  return { isOpen, controller: new AbortController(), work, finish, drop, sessions: [] }
}
