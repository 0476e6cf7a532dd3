import { setTimeout as pause } from 'node:timers/promises'
import { type DeepReadonly, type Holdfast, HoldfastError, type Session } from '../../client/index.js'
import type { AccessError, AccessKind, Appended, ListName, Outcome, Report, State } from './messages.js'
import { accessMaxMs, nowMs, REQUEST_MAX_MS } from './timing.js'
import { within } from './within.js'

export interface AppendOptions {
  readonly timeoutMs: number
  readonly workMs: number
  /** Commits once in the middle, and appends a second time. */
  readonly commits: boolean
  readonly durability: 'access' | 'release'
  readonly signal?: AbortSignal
}

interface Progress {
  /** Appended and not yet told to have ended. */
  appended: Appended[]
  grantedAtMs: number
}

/** The accesses of one server. Each reports an append before it makes it, and afterwards its outcome. */
export class Accesses {
  /** The number of accesses that have not settled, by session. */
  private readonly running = new Map<string, number>()
  private readonly settled = new Set<() => void>()
  private tokens = 0

  constructor(
    private readonly name: string,
    private readonly client: Holdfast<State>,
    /** Resolves once the report is out of this process: then a kill cannot undo it. */
    private readonly tell: (report: Report) => Promise<void>,
  ) {}

  /** Appends to a list of each of these sessions, and returns how long the locks took. */
  async append(sessions: readonly string[], list: ListName, options: AppendOptions): Promise<number> {
    const calledAtMs = nowMs()
    const { timeoutMs, durability, signal } = options
    const progress: Progress = { appended: [], grantedAtMs: 0 }
    const work = (opened: readonly Session<Partial<State>, State>[]) =>
      this.work(sessions, opened, list, calledAtMs, options, progress)
    const locks = { write: [`list${list}`, `count${list}`] as (keyof State)[] }
    const accessOptions = { timeoutMs, durability, ...(signal === undefined ? {} : { signal }) }
    const kind = kindOf(sessions, options)
    const boundMs = accessMaxMs(timeoutMs, options.workMs, options.commits ? sessions.length + 1 : 1)
    await this.run(kind, sessions, async () => {
      try {
        const [session = ''] = sessions
        const access =
          sessions.length === 1
            ? this.client.access(session, locks, (one) => work([one]), accessOptions)
            : this.client.accessMany(sessions, locks, work, accessOptions)
        await within(access, boundMs, `an access (${kind})`)
        await this.end(progress, durability === 'access' ? 'acknowledged' : 'weak')
      } catch (error) {
        await this.end(progress, outcomeOf(error))
        throw error
      }
    })
    return progress.grantedAtMs - calledAtMs
  }

  async look(session: string, list: ListName, timeoutMs: number): Promise<void> {
    const calledAtMs = nowMs()
    await this.run('read', [session], async () => {
      const read = { read: [`list${list}`, `count${list}`] as (keyof State)[] }
      const work = ({ state }: Session<DeepReadonly<Partial<State>>, State>) => this.check(state, list)
      const access = this.client.access(session, read, work, { timeoutMs, durability: 'access' })
      const tokens = await within(access, accessMaxMs(timeoutMs, 0, 1), 'an access (read)')
      await this.tell({ type: 'read', session, list, tokens, calledAtMs })
    })
  }

  async peek(session: string, list: ListName): Promise<void> {
    const calledAtMs = nowMs()
    await this.run('peek', [session], async () => {
      const peeked = await within(this.client.peek(session), REQUEST_MAX_MS, 'a peek')
      await this.tell({ type: 'read', session, list, tokens: this.check(peeked?.state ?? {}, list), calledAtMs })
    })
  }

  /** Resolves when no access to this session is under way. None may be begun meanwhile. */
  async left(session: string): Promise<void> {
    while (this.running.has(session)) await new Promise<void>((resolve) => this.settled.add(resolve))
  }

  private async run(kind: AccessKind, sessions: readonly string[], access: () => Promise<void>): Promise<void> {
    for (const session of sessions) this.running.set(session, (this.running.get(session) ?? 0) + 1)
    try {
      await access()
      await this.tell({ type: 'access', kind, outcome: 'acknowledged', error: undefined })
    } catch (error) {
      await this.tell({ type: 'access', kind, outcome: outcomeOf(error), error: describe(error) })
      throw error
    } finally {
      for (const session of sessions) {
        const others = (this.running.get(session) ?? 0) - 1
        if (others === 0) this.running.delete(session)
        else this.running.set(session, others)
      }
      for (const resolve of this.settled) resolve()
      this.settled.clear()
    }
  }

  private async work(
    sessions: readonly string[],
    opened: readonly Session<Partial<State>, State>[],
    list: ListName,
    calledAtMs: number,
    { workMs, commits }: AppendOptions,
    progress: Progress,
  ): Promise<void> {
    progress.grantedAtMs = nowMs()
    const addToAll = async (sinceMs: number) => {
      for (const [index, session] of opened.entries()) {
        await this.add(sessions[index] as string, session, list, sinceMs, progress)
      }
    }
    await addToAll(calledAtMs)
    const [first] = opened
    // A loss ends the pause early: the next use of the session then fails.
    if (workMs > 0) await pause(workMs, undefined, { signal: first?.signal as AbortSignal }).catch(() => {})
    if (!commits) return
    for (const session of opened) await session.commit()
    await this.end(progress, 'acknowledged')
    await addToAll(nowMs())
  }

  private async add(
    id: string,
    session: Session<Partial<State>, State>,
    list: ListName,
    calledAtMs: number,
    progress: Progress,
  ): Promise<void> {
    const { state, epoch } = session
    const before = this.check(state, list)
    this.tokens += 1
    const token = `${this.name}-${this.tokens}`
    await this.tell({ type: 'begun', session: id, list, token, calledAtMs })
    progress.appended.push({ token, index: before.length, epoch })
    // Of a session that was lost meanwhile this throws, and the access with it.
    state[`list${list}`] = [...before, token]
    state[`count${list}`] = before.length + 1
  }

  /** A list and its counter are always changed together. */
  private check(state: DeepReadonly<Partial<State>>, list: ListName): readonly string[] {
    const tokens = [...(state[`list${list}`] ?? [])]
    const count = state[`count${list}`] ?? 0
    if (tokens.length !== count) {
      void this.tell({ type: 'violation', problem: `a list of ${tokens.length} has the count ${count}` })
    }
    return tokens
  }

  private async end(progress: Progress, outcome: Outcome): Promise<void> {
    const { appended } = progress
    const endedAtMs = nowMs()
    progress.appended = []
    if (appended.length > 0) await this.tell({ type: 'ended', outcome, appended, endedAtMs })
  }
}

function kindOf(sessions: readonly string[], { commits }: AppendOptions): AccessKind {
  if (sessions.length > 1) return 'two sessions'
  return commits ? 'commit inside' : 'write'
}

const outcomeOf = (error: unknown): Outcome =>
  error instanceof HoldfastError && error.effect === 'none' ? 'failed' : 'unknown'

export function describe(error: unknown): AccessError {
  if (!(error instanceof HoldfastError)) {
    const stack = (error as { readonly stack?: string } | null | undefined)?.stack ?? String(error)
    return { code: 'not a HoldfastError', effect: 'unknown', retryable: false, reason: undefined, message: stack }
  }
  const { code, effect, retryable, message } = error
  return { code, effect, retryable, reason: (error as { readonly reason?: string }).reason, message }
}
