import { randomBytes } from 'node:crypto'
import { createHoldfast } from '../../client/create.js'
import type { SessionKey } from '../../protocol/keys.js'
import { Failure } from '../failure.js'
import {
  BENCH_CLEAN_AT_ONCE,
  BENCH_CLEAN_MS,
  BENCH_COMMITS_PER_SECOND,
  BENCH_HANDOFFS_PER_SECOND,
  BENCH_WAIT_MS,
  PROCESS_ANSWER_MS,
} from '../limits.js'
import { Child, startAll } from '../processes/child.js'
import type { Target } from '../stack/target.js'
import { CREDENTIALS, type Handoff, type Order, type Taken, type Work } from './orders.js'
import { Pace, Tally } from './tally.js'

const ID_BYTES = 32

export interface LoadOptions {
  readonly seconds: number
  readonly sessions: number
  readonly processes: number
  readonly namespace: string
}

export type PartName = 'kept' | 'commit' | 'handoff'

/** The sessions and the processes of one run of `bench`. */
export class Load {
  private readonly ids: readonly string[]
  private members: readonly Child[] = []
  /** The sessions that have to be destroyed. */
  private made: readonly string[] = []

  constructor(
    private readonly target: Target,
    private readonly options: LoadOptions,
    /** Aborted when it is to end early. */
    private readonly ended: AbortSignal,
  ) {
    this.ids = Array.from({ length: options.sessions }, () => randomBytes(ID_BYTES).toString('base64url'))
  }

  /** Starts the processes. Each makes its share of the sessions, and keeps them. */
  async start(): Promise<void> {
    const { config, clientCredentials } = this.target
    const { namespace, processes } = this.options
    const answer = (what: unknown) => (what === CREDENTIALS ? this.credentials() : undefined)
    const starts = Array.from({ length: processes }, (_, index) => {
      const label = `holdfast bench ${index + 1}`
      const asksCredentials = clientCredentials !== undefined
      const order: Order = { do: 'start', config, namespace, label, asksCredentials }
      return Child.start('bench-worker', label, order, answer)
    })
    this.members = (await startAll(starts)).map(({ child }) => child)
    this.ended.addEventListener('abort', () => this.endPart(), { once: true })
    await this.take()
  }

  /** Runs a part, and returns what was done by each process, or at each session. */
  part(name: PartName, ms: number): Promise<readonly Work[]> {
    if (name === 'handoff') return this.handoffs(ms)
    const perSecondMax = BENCH_COMMITS_PER_SECOND / this.members.length
    return this.all((ids) => ({ do: name, ids, ms, perSecondMax }), ms) as Promise<readonly Work[]>
  }

  /** Ends the processes, then the sessions. Returns those that could not be destroyed. */
  async stop(): Promise<readonly SessionKey[]> {
    await Promise.all(this.members.map((member) => member.stop()))
    const { config, clientCredentials: credentials } = this.target
    const client = createHoldfast({
      config,
      namespace: this.options.namespace,
      label: 'holdfast bench',
      ...(credentials === undefined ? {} : { credentials }),
    })
    const signal = AbortSignal.timeout(BENCH_CLEAN_MS)
    const left: SessionKey[] = []
    const waiting = [...this.made]
    const destroy = async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        const { key } = client.session(id)
        await client.destroy(id, { signal }).catch(() => left.push(key))
      }
    }
    await Promise.all(Array.from({ length: BENCH_CLEAN_AT_ONCE }, destroy))
    await client.close({ drainMs: 0 })
    return left
  }

  /**
   * The processes of a session take it in turns, one at a time; different sessions go round at once. A round begins
   * with the process after the one that keeps the session.
   */
  private handoffs(ms: number): Promise<readonly Work[]> {
    const { members, ids, ended } = this
    const round = async (id: string, keeper: number) => {
      const tally = new Tally()
      const pace = new Pace(BENCH_HANDOFFS_PER_SECOND / ids.length, ms, () => ended.aborted)
      for (let turn = keeper + 1; await pace.next(); turn += 1) {
        try {
          const member = members[turn % members.length] as Child
          const { isHandoff, waitedMs } = (await member.ask({ do: 'handoff', id })) as Handoff
          if (isHandoff) tally.add(waitedMs)
        } catch (error) {
          if (isGone(error)) throw error
          await tally.failed(error)
        }
      }
      return tally.work()
    }
    return Promise.all(ids.map((id, index) => round(id, index % members.length)))
  }

  /** Gives each process an order for its own sessions. */
  private all(order: (ids: readonly string[]) => Order, ms: number): Promise<readonly unknown[]> {
    const { members, ids } = this
    return Promise.all(
      members.map((member, index) => {
        const own = ids.filter((_, place) => place % members.length === index)
        return member.ask(order(own), ms + PROCESS_ANSWER_MS)
      }),
    )
  }

  private async take(): Promise<void> {
    // Until they say which are not, all may be made.
    this.made = this.ids
    const taken = (await this.all((ids) => ({ do: 'take', ids }), BENCH_WAIT_MS)) as readonly Taken[]
    this.made = taken.flatMap(({ made }) => made)
    const problem = taken.find((one) => one.problem !== undefined)?.problem
    if (problem !== undefined) throw new Failure(problem.code, problem.message, "Run 'holdfast doctor'.")
  }

  private endPart(): void {
    for (const member of this.members) void member.ask({ do: 'end' } satisfies Order).catch(() => {})
  }

  /** Those of the command: its processes need not find any, and no environment has them. */
  private async credentials() {
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = (await this.target.clientCredentials?.()) ?? {}
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiration === undefined ? {} : { expiration }),
    }
  }
}

const isGone = (error: unknown): boolean => (error as { readonly code?: string }).code?.startsWith('PROCESS_') === true
