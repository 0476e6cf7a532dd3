import type { Opened, ToHost, ToWorker } from '../../client/worker/messages.js'
import type { WireError } from '../../client/worker/wire-error.js'
import type { Judge } from './judge.js'

export interface PortJudge extends Pick<Judge, 'violate'> {
  /** Accesses under these grants begin for a thread. It may end before it hears of that. */
  readonly facts: { sent(epochs: readonly number[]): void; heard(epochs: readonly number[]): void }
}

/** The inner state of both ends of a port: all of it is about calls under way. */
export interface PortInsides {
  readonly main: {
    readonly calls: ReadonlyMap<number, { readonly controller: AbortController }>
    readonly requests: number
    readonly aborts: ReadonlyMap<number, unknown>
  }
  readonly thread: {
    readonly calls: ReadonlyMap<
      number,
      { readonly sessions: readonly { readonly signal: AbortSignal; readonly wantedSignal: AbortSignal }[] }
    >
    readonly requests: ReadonlyMap<number, unknown>
  }
}

/** The messages between a worker thread and the client: each is sent once, and each call and request is answered once. */
export class PortWatch {
  /** Those that are not answered yet. */
  private readonly calls = new Set<number>()
  private readonly requests = new Map<number, ToHost>()
  private readonly said = new Set<string>()
  private readonly answered = new Set<number>()
  /** Calls that have lost a session; and those that end one themselves, whose outcome no loss decides. */
  private readonly lost = new Set<number>()
  private readonly endings = new Set<number>()
  /** How often each session of a call has moved: it may then be wanted anew. */
  private readonly moves = new Map<string, number>()

  constructor(private readonly judge: PortJudge) {}

  toMain(message: ToHost): void {
    if ('m' in message && message.m !== undefined && message.op !== 'abort') this.requests.set(message.m, message)
    else if (message.op === 'finish' || message.op === 'drop') this.once(endOf(message.n))
    else if ('options' in message) this.calls.add(message.n)
    if (message.op === 'destroySession' || message.op === 'rotateSession') this.endings.add(message.n)
  }

  toThread(message: ToWorker): void {
    const { n } = message
    switch (message.kind) {
      case 'reply':
      case 'refused': {
        const request = this.requests.get(message.m)
        if (!this.requests.delete(message.m)) this.judge.violate('14', 'a request of a worker thread is answered twice')
        if (message.kind === 'reply' && request?.op === 'rotateSession')
          this.moves.set(`${n} ${request.index}`, 1 + this.movesOf(n, request.index))
        return
      }
      case 'done':
      case 'failed':
        if (!this.calls.delete(n)) this.judge.violate('14', 'a call of a worker thread is answered twice')
        this.answered.add(n)
        if (message.kind === 'failed') this.checkTold(n, message.error)
        return
      case 'begin':
        this.judge.facts.sent(epochsOf(message.sessions))
        return this.tell('begin', n, `call ${n}`)
      case 'lost':
        this.lost.add(n)
        return this.tell('lost', n, `call ${n}, session ${message.index}`)
      case 'wanted':
        return this.tell('wanted', n, `call ${n}, session ${message.index}, ${this.movesOf(n, message.index)}`)
      case 'closed':
    }
  }

  /** The thread has taken a message. */
  taken(message: ToWorker, { calls }: PortInsides['thread']): void {
    if (message.kind === 'begin' && calls.has(message.n)) this.judge.facts.heard(epochsOf(message.sessions))
    if (message.kind !== 'lost' && message.kind !== 'wanted') return
    const session = calls.get(message.n)?.sessions[message.index]
    const signal = message.kind === 'lost' ? session?.signal : session?.wantedSignal
    if (signal?.aborted === false)
      this.judge.violate('14', `a session of a worker thread never hears '${message.kind}'`)
  }

  /** The main side hears that the thread has ended. */
  ending({ calls }: PortInsides['main'], end: () => void): void {
    const signals = [...calls.values()].map(({ controller }) => controller.signal)
    end()
    if (signals.some(({ aborted }) => !aborted))
      this.judge.violate('20', 'a call goes on whose worker thread has ended')
  }

  /** All calls have settled, and nothing is under way. */
  checkLeft({ main, thread }: PortInsides): void {
    const left = {
      'calls in the main thread': main.calls.size,
      'requests in the main thread': main.requests,
      'signals in the main thread': main.aborts.size,
      'calls in the worker thread': thread.calls.size,
      'requests in the worker thread': thread.requests.size,
    }
    for (const [what, count] of Object.entries(left)) {
      if (count !== 0) this.judge.violate('20', `${count} ${what} are left, and nothing is under way`)
    }
  }

  /** Work that still runs is told of a loss before its call fails. */
  private checkTold(n: number, error: WireError | undefined): void {
    const isRunning = this.said.has(`begin: call ${n}`) && !this.said.has(endOf(n)) && !this.endings.has(n)
    const isLost = error?.data.code === 'SESSION_LOST'
    if (isLost && isRunning && !this.lost.has(n))
      this.judge.violate('14', 'a call of a worker thread fails, and its work was not told of the loss')
  }

  private tell(kind: string, n: number, about: string): void {
    if (this.answered.has(n)) this.judge.violate('14', `a worker thread is told '${kind}' of a call that is over`)
    this.once(`${kind}: ${about}`)
  }

  private once(what: string): void {
    if (this.said.has(what)) this.judge.violate('14', `said twice between a worker thread and its client: ${what}`)
    this.said.add(what)
  }

  private movesOf(n: number, index: number): number {
    return this.moves.get(`${n} ${index}`) ?? 0
  }
}

const endOf = (n: number): string => `the end of the work of call ${n}`
const epochsOf = (sessions: readonly Opened[]) => sessions.map(({ facts }) => facts.epoch)
