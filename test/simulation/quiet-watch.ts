import { CACHED_BYTES_DEFAULT, CONNECTION_EARLY_MS, CONNECTION_LIFETIME_MS } from '../../client/limits.js'
import type { ClientMessage, Granted, StoreMessage } from '../../protocol/messages.js'
import type { Judge } from './judge.js'
import { TIMING, type Workload } from './workload.js'

/**
 * Each session of an access is asked for, and given back or no longer asked for; a rotation has two. Those who wait for
 * long also send nudges, which do not count.
 */
const MESSAGES_PER_ACCESS_MAX = 4
const MESSAGES_AT_ONCE = 8
/** A process opens its next connection at the earliest so long after the one before. */
const CONNECTION_MIN_MS = CONNECTION_LIFETIME_MS - 2 * CONNECTION_EARLY_MS

/** So soon a client does what follows from an answer. */
const ASKS_AGAIN_MS = 5

/** No session of a run that is usual is unused for longer. */
const KEPT_MIN_MS = 100_000
const PAUSE_OF_DAYS_MS = 3_600_000

type Given = Pick<Granted, 'session' | 'epoch' | 'contended'>

/** What one process of a run without faults has sent and heard. */
interface Heard {
  /** When each message was sent last. */
  readonly sentMs: Map<string, number>
  /** How soon each acquire may be repeated, as the store said. */
  readonly nudgeAfterMs: Map<string, number>
  /** The grants that others were said to wait for. */
  readonly wanted: Set<string>
  /** Messages that it has a reason to repeat. */
  readonly prompted: Set<string>
  /** Sessions that the application gave back, and requests that it took back. */
  readonly givenBack: Set<string>
  welcomedAtMs: number | undefined
  messages: number
}

/** What a message is about: a nudge repeats the acquire before it. */
function keyOf(message: ClientMessage): string {
  if (message.type === 'acquire' || message.type === 'cancel') return `${message.type} ${message.session} ${message.r}`
  return message.type === 'release' ? `release ${message.session} ${message.epoch}` : JSON.stringify(message)
}

/**
 * A run without faults: no message is repeated, no process is welcomed again, no session is given back for no reason, and
 * accesses cost a bounded number of messages.
 */
export class QuietWatch {
  private readonly processes = new Map<string, Heard>()
  /** When a process last heard that it has retired. */
  private retiredAtMs = Number.NEGATIVE_INFINITY
  /** The application closes its clients, which may end accesses. */
  isClosing = false

  constructor(
    private readonly judge: Judge,
    private readonly nowMs: () => number,
    private readonly sessionOf: (id: string) => string,
    /** Sessions that no process has a reason to give back unless others wait for it. */
    private readonly isKept: (session: string) => boolean,
  ) {}

  sent(p: string, message: ClientMessage): void {
    const heard = this.of(p)
    const { sentMs, prompted } = heard
    const key = keyOf(message)
    const lastMs = sentMs.get(key)
    sentMs.set(key, this.nowMs())
    const isOwn = message.type === 'acquire' ? message.nudge !== true : ['release', 'cancel'].includes(message.type)
    if (isOwn) heard.messages += 1
    if (message.type === 'cancel') heard.givenBack.add(`${message.session} ${message.r}`)
    if (message.type === 'release') this.released(heard, message)
    const isPrompted =
      prompted.delete(key) ||
      (message.type === 'acquire' && (prompted.has(`acquire ${message.session}`) || this.isFreedNow))
    if (lastMs === undefined || isPrompted || message.type === 'busy' || message.type === 'keep') return
    const afterMs = this.nowMs() - lastMs
    if (message.type !== 'acquire' || afterMs < (heard.nudgeAfterMs.get(key) ?? TIMING.nudgeAfterMs) - 1)
      this.judge.violate('21', `a ${message.type} is repeated after ${Math.round(afterMs)} ms, and nothing is lost`)
  }

  /** What a process held before it retired is free: the one after it, in the same client, asks again at once. */
  private get isFreedNow(): boolean {
    return this.nowMs() - this.retiredAtMs <= ASKS_AGAIN_MS
  }

  hears(p: string, message: StoreMessage): void {
    const heard = this.of(p)
    if (message.type === 'noted' && message.of === 'retire') this.retiredAtMs = this.nowMs()
    if (message.type === 'welcome') this.welcomed(heard)
    else if (message.type === 'revoke') this.asked(heard, message)
    else if (message.type === 'renewed') for (const ask of message.asks) this.asked(heard, ask)
    else if (message.type === 'granted') this.granted(heard, message)
    else if (message.type === 'released' && message.next !== undefined)
      this.granted(heard, { session: message.session, ...message.next })
    else if (message.type === 'queued') {
      // It may have been given up already.
      heard.prompted.add(`cancel ${message.session} ${message.r}`)
      heard.nudgeAfterMs.set(`acquire ${message.session} ${message.r}`, message.nudgeAfterMs)
    }
  }

  private granted({ prompted, wanted }: Heard, { session, epoch, contended }: Given): void {
    // One that was given back already is not asked for.
    prompted.add(`release ${session} ${epoch}`)
    if (contended) wanted.add(`${session} ${epoch}`)
  }

  private asked(
    { prompted, wanted }: Heard,
    { session, epoch }: { readonly session: string; readonly epoch: number },
  ): void {
    wanted.add(`${session} ${epoch}`)
    // One that was given back already is given back again; and one that asks repeats that at once.
    prompted.add(`release ${session} ${epoch}`).add(`acquire ${session}`)
  }

  /** The application gives a session back: it may be released once. */
  givesBack(p: string | undefined, id: string): void {
    if (p !== undefined) this.of(p).givenBack.add(this.sessionOf(id))
  }

  /** A process has begun so many accesses until now. */
  check(p: string, accesses: number): void {
    const { messages } = this.of(p)
    if (messages > MESSAGES_PER_ACCESS_MAX * accesses + MESSAGES_AT_ONCE)
      this.judge.violate('21', `${accesses} accesses have cost ${messages} messages`)
  }

  /** No more than this process has an open connection: a record that is left belongs to none. */
  checkRecords(keys: Iterable<string>, isConnected: (connectionId: string) => boolean): void {
    for (const key of keys) {
      if (key.startsWith('C#') && !isConnected(key.slice(2)))
        return this.judge.violate('21', 'a connection was closed, and its record stays')
    }
  }

  private released(heard: Heard, { session, epoch, r }: Extract<ClientMessage, { type: 'release' }>): void {
    const { wanted, givenBack } = heard
    if (this.isClosing || !this.isKept(session) || wanted.has(`${session} ${epoch}`)) return
    if (givenBack.delete(session) || givenBack.has(`${session} ${r}`)) return
    this.judge.violate('21', 'a session is given back, and nobody waits for it')
  }

  private welcomed(heard: Heard): void {
    const sinceMs = this.nowMs() - (heard.welcomedAtMs ?? Number.NEGATIVE_INFINITY)
    heard.welcomedAtMs = this.nowMs()
    if (sinceMs < CONNECTION_MIN_MS)
      this.judge.violate('21', `a process is welcomed again after ${Math.round(sinceMs)} ms, and nothing was lost`)
  }

  private of(p: string): Heard {
    const known = this.processes.get(p)
    if (known !== undefined) return known
    const heard = {
      sentMs: new Map(),
      nudgeAfterMs: new Map(),
      wanted: new Set<string>(),
      prompted: new Set<string>(),
      givenBack: new Set<string>(),
      welcomedAtMs: undefined,
      messages: 0,
    }
    this.processes.set(p, heard)
    return heard
  }
}

/** Whether a run's processes keep what they hold until others ask for it. */
const keepsSessions = ({
  cachedBytesMax,
  createShare,
  destroyShare,
  options,
  pauseMs,
  rotateShare,
  sessions,
}: Workload): boolean =>
  // In days one of several sessions may be unused for long, and fixed lives end.
  (pauseMs < PAUSE_OF_DAYS_MS || (sessions.length === 1 && options.expiry !== 'fixed')) &&
  options.holdPolicy === 'untilRevoked' &&
  options.ifMissing !== 'fail' &&
  (options.idleReleaseMs ?? 0) > KEPT_MIN_MS &&
  (options.ttlMs ?? 0) > KEPT_MIN_MS &&
  options.heldSessionsMax !== 1 &&
  cachedBytesMax >= CACHED_BYTES_DEFAULT &&
  createShare + destroyShare + rotateShare === 0

/** The judge of a run without faults. */
export function quietWatchOf(
  judge: Judge,
  nowMs: () => number,
  workload: Workload,
  sessionOf: (id: string) => string,
): QuietWatch {
  const kept = new Set(keepsSessions(workload) ? workload.sessions.map(sessionOf) : [])
  return new QuietWatch(judge, nowMs, sessionOf, (session) => kept.has(session))
}
