import type { HoldfastApi } from '../../client/api.js'
import { WorkerSession } from '../../client/worker/session.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import type { Appending } from './appending.js'
import { LISTS, type ListName, locksFor, type State } from './attributes.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

const DEPTH_MAX = 2
const FAIL_SHARE = 0.4

/** Accesses inside others, of which some fail as the application says: of those nothing is committed. */
export class NestedCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  /** An access under all with others inside it, one after the other, and one for each list at a time. */
  async append(id: string): Promise<void> {
    const { inside, random } = this
    const appending = inside.appending()
    const { durability, outcome } = inside.anyDurability()
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          const isOfWorker = session instanceof WorkerSession
          const leaves = LISTS.map((list) => inside.enter(id, list, 'exclusive', session))
          try {
            await inside.add(session as ListSession, id, 'A', appending.calledAtMs, appending)
            await this.nest(session as ListSession, id, random.pick(LISTS), [appending])
            if (random.chance(0.5)) await this.nest(session as ListSession, id, random.pick(LISTS), [appending])
            else await Promise.all(LISTS.map((list) => this.nest(session as ListSession, id, list, [appending])))
            if (random.chance(0.5))
              await inside.add(session as ListSession, id, 'A', this.server.trueNowMs(), appending)
            await inside.work()
            if (isOfWorker) inside.executed.hit('worker nested access')
          } finally {
            for (const leave of leaves) leave()
          }
        },
        { timeoutMs: this.workload.longWaitMs, durability },
      )
      appending.end(outcome)
    } catch (error) {
      appending.fail(error)
      throw error
    }
  }

  /** Appends inside the accesses that `around` is for, the innermost first. */
  async nest(
    outer: Pick<ListSession, 'state' | 'epoch'>,
    id: string,
    list: ListName,
    around: readonly [Appending, ...Appending[]],
  ): Promise<void> {
    const { history, inside, random, server } = this
    const part = inside.appending()
    const isCommitted = random.chance(0.2)
    const failed = random.chance(FAIL_SHARE) ? new Error('as the application says') : undefined
    // Reads under the write locks of the access around it.
    history.sessions.attributes.mayMigrate(server.keyOf(id), outer.epoch)
    const before = inside.listIn(outer, list)
    const committed = around.map((appending) => appending.committing(server.keyOf(id), list))
    try {
      await this.client.access(
        id,
        locksFor(list),
        async (session) => {
          const isInnermost = around.length >= DEPTH_MAX || random.chance(0.5)
          const isInnerFirst = random.chance(0.5)
          const nestDeeper = () => this.nest(session as ListSession, id, list, [part, ...around])
          if (!isInnermost && isInnerFirst) await nestDeeper()
          // Which the access around it has already.
          if (random.chance(0.1)) await session.lock(locksFor(list))
          await inside.add(session as ListSession, id, list, part.calledAtMs, part)
          if (!isInnermost && !isInnerFirst) await nestDeeper()
          await inside.work()
          if (failed !== undefined) throw failed
        },
        isCommitted ? { durability: 'access' } : {},
      )
    } catch (error) {
      part.fail(error)
      if (error !== failed) throw error
      inside.executed.hit('nested access that fails')
      // What an access nested in the failed one has committed stays.
      const after = inside.listIn(outer, list)
      const kept = after.filter((token) => history.isKept(token) || before.includes(token))
      if (kept.length !== after.length || before.some((token, index) => after[index] !== token))
        history.violate('14', 'what a nested access changed outlived its failure')
      return
    }
    if (isCommitted) {
      // With what the accesses around it have changed in these attributes.
      for (const land of committed) land()
      part.end('acknowledged')
      inside.executed.hit('nested access that commits')
    } else around[0].takeOver(part)
    inside.executed.hit('nested access')
  }
}
