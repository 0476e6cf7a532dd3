import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ANSWER_MS_MAX } from './limits.js'
import type { RoundLength, Setting, Work } from './side.js'
import type { Order } from './side-main.js'

const MAIN = fileURLToPath(new URL('side-main.js', import.meta.url))

interface Reply {
  readonly answer?: unknown
  readonly problem?: string
}

/** What is run: a module that exports `start`, with a setting, in so many processes at once. */
export interface SideSpec {
  /** As the tables name it. */
  readonly label: string
  readonly module: URL
  readonly setting: Setting
  /** @default 1 */
  readonly processes?: number
  readonly env?: Readonly<Record<string, string>>
  readonly nodeFlags?: readonly string[]
}

/** One process of a side. It ends with this process, in whatever way that ends. */
class SideProcess {
  private readonly ended: Promise<Reply>

  private constructor(
    private readonly label: string,
    private readonly child: ChildProcess,
  ) {
    this.ended = once(child, 'exit').then(([code]: unknown[]) => ({ problem: `ended with ${String(code)}` }))
    // It may fail before anybody asks.
    this.ended.catch(() => {})
  }

  static async start(node: string, spec: SideSpec, index: number): Promise<SideProcess> {
    const child = fork(MAIN, {
      execPath: node,
      execArgv: [...(spec.nodeFlags ?? [])],
      env: { ...process.env, ...spec.env },
      serialization: 'advanced',
    })
    const side = new SideProcess(spec.label, child)
    try {
      await side.ask({ kind: 'start', module: spec.module.href, order: { setting: spec.setting, index } })
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
    return side
  }

  async ask(order: Order): Promise<unknown> {
    const answered = once(this.child, 'message', { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    // The one that loses may fail later.
    answered.catch(() => {})
    // A channel that is closed belongs to a process that has ended.
    this.child.send(order, () => {})
    const reply = await Promise.race([answered.then(([message]: unknown[]) => message as Reply), this.ended])
    if (reply.problem !== undefined) throw new Error(`${this.label}: ${reply.problem}`)
    return reply.answer
  }

  async stop(): Promise<void> {
    await this.ask({ kind: 'stop' }).finally(() => this.child.kill('SIGKILL'))
    await this.ended
  }
}

/** The processes of one side, which run their rounds together. */
export class Team {
  private constructor(
    readonly spec: SideSpec,
    private readonly members: readonly SideProcess[],
  ) {}

  static async start(node: string, spec: SideSpec): Promise<Team> {
    const members: SideProcess[] = []
    const team = new Team(spec, members)
    try {
      for (let index = 0; index < (spec.processes ?? 1); index += 1) {
        members.push(await SideProcess.start(node, spec, index))
      }
    } catch (error) {
      await team.stop().catch(() => {})
      throw error
    }
    return team
  }

  round(length: RoundLength): Promise<readonly Work[]> {
    return Promise.all(this.members.map(async (member) => (await member.ask({ kind: 'round', length })) as Work))
  }

  async stop(): Promise<void> {
    const stopped = await Promise.allSettled(this.members.map((member) => member.stop()))
    for (const result of stopped) if (result.status === 'rejected') throw result.reason
  }
}
