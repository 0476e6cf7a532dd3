import type { HoldfastApi } from '../../client/api.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import { isInGeneration, LISTS, type ListName, locksFor, type State, type Wide, wideNames } from './attributes.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

/** Accesses to whole sessions, and to many attributes. */
export class WholeCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  any(id: string): Promise<void> {
    const { random, workload } = this
    if (random.chance(workload.wideShare)) return this.widen(id)
    const kind = random.pick(['append', 'look', 'both', 'migrate'])
    if (kind === 'append') return this.append(id)
    if (kind === 'migrate' && this.inside.isPresent) return this.migrate(id, random.pick(LISTS))
    return kind === 'look' ? this.look(id) : this.lookAndAppend(id, random.pick(LISTS))
  }

  private async append(id: string): Promise<void> {
    const { inside } = this
    const appending = inside.appending()
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          const appendTo = (list: ListName) =>
            inside.appendIn(session as ListSession, id, list, appending, inside.anyCommits(0.1))
          await Promise.all(LISTS.map(appendTo))
        },
        this.options,
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
    inside.executed.hit('access under all')
  }

  private async look(id: string): Promise<void> {
    const { history, inside, server } = this
    const calledAtMs = server.trueNowMs()
    const key = server.keyOf(id)
    const seen = await this.client.access(
      id,
      { all: 'read' },
      async (session) => {
        const leaves = LISTS.map((list) => inside.enter(id, list, 'shared', session))
        try {
          const { epoch } = session
          const lists = LISTS.map((list) => ({ list, tokens: inside.listIn(session, list) }))
          await inside.work()
          return { lists, epoch, isHeld: history.locks.isAt(key, epoch) }
        } finally {
          for (const leave of leaves) leave()
        }
      },
      this.options,
    )
    if (server.machine.isDead) return
    if (!seen.isHeld) history.violate('1', 'a reader was given what it read under a lock that had gone on')
    for (const { list, tokens } of seen.lists) history.read(key, list, tokens, seen.epoch, calledAtMs)
    inside.executed.hit('access under all: read')
  }

  private async lookAndAppend(id: string, list: ListName): Promise<void> {
    const { history, inside, server } = this
    const other = list === 'A' ? 'B' : 'A'
    const appending = inside.appending()
    const { calledAtMs } = appending
    try {
      const seen = await this.client.access(
        id,
        { all: 'read', ...locksFor(list) },
        async (session) => {
          const leave = inside.enter(id, other, 'shared', session)
          try {
            const { epoch } = session
            const tokens = inside.listIn(session, other)
            await inside.appendIn(session as unknown as ListSession, id, list, appending, inside.anyCommits(0.1))
            return { tokens, epoch }
          } finally {
            leave()
          }
        },
        this.options,
      )
      appending.end('acknowledged')
      if (!server.machine.isDead) history.read(server.keyOf(id), other, seen.tokens, seen.epoch, calledAtMs)
    } catch (error) {
      appending.fail(error)
      throw error
    }
    inside.executed.hit('access under all: read, with write')
  }

  /** Changes more attributes than one commit can name. */
  private async widen(id: string): Promise<void> {
    const { inside } = this
    const appending = inside.appending()
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          const state = session.state as unknown as Wide
          const generation = 1 + (state[wideNames.find((name) => state[name] !== undefined) ?? 'wide0'] ?? 0)
          await inside.appendIn(session as ListSession, id, 'A', appending, 'none')
          for (const [index, name] of wideNames.entries()) {
            if (isInGeneration(index, generation)) state[name] = generation
            else if (state[name] !== undefined) inside.deleteIn(session as ListSession, name)
          }
        },
        this.options,
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      throw error
    }
  }

  /** Reads under a write lock what a schema may have migrated: the access stores the new shape, and changes nothing else. */
  private async migrate(id: string, list: ListName): Promise<void> {
    const { history, inside, server } = this
    await this.client.access(
      id,
      { write: [`form${list}`] },
      (session) => {
        inside.begin(id, session)()
        history.sessions.attributes.mayMigrate(server.keyOf(id), session.epoch)
        const form = session.state[`form${list}`]
        if (form !== undefined && form.v !== 2) history.violate('6', 'a writer saw what its schema migrates')
      },
      this.options,
    )
  }

  private get options() {
    return { timeoutMs: this.workload.longWaitMs, durability: 'access' } as const
  }
}
