import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import { WorkerSession } from '../../client/worker/session.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

/** Accesses that give a session a lifetime of its own. */
export class TtlCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  async give(id: string): Promise<void> {
    const { history, inside, random } = this
    const key = this.server.keyOf(id)
    const changesBefore = history.sessions.ttls.changesOf(key)
    const ttlMs = history.sessions.ttls.announce(this.workload.options.ttlMs as number, random)
    const isOption = random.chance(0.5)
    const appending = inside.appending()
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          if (!isOption) session.ttlMs = ttlMs
          if (session.ttlMs !== ttlMs) history.violate('7', 'a lifetime that was given does not show')
          if (session instanceof WorkerSession) inside.executed.hit('worker sets ttlMs')
          if (random.chance(0.5)) await inside.appendIn(session as ListSession, id, 'A', appending, 'none')
          else await inside.workIn(session, id)
        },
        { timeoutMs: this.workload.longWaitMs, durability: 'access', ...(isOption ? { ttlMs } : {}) },
      )
      appending.end('acknowledged')
    } catch (error) {
      appending.fail(error)
      if ((error as HoldfastError).effect === 'none') history.sessions.ttls.failed(ttlMs)
      throw error
    }
    history.sessions.ttls.given(key, ttlMs, changesBefore)
    inside.executed.hit(isOption ? 'ttlMs of an access' : 'session.ttlMs')
  }
}
