import type { HoldfastApi } from '../../client/api.js'
import type { Random } from '../support/random.js'
import type { AccessWork } from './access-work.js'
import { LISTS, type State } from './attributes.js'
import type { Caller } from './caller.js'
import type { Calls } from './calls.js'
import { EndCalls } from './end-calls.js'
import type { History } from './history.js'
import { OpenCalls } from './open-calls.js'
import type { Workload } from './workload.js'

/** Calls that are rare. */
export class OddCalls {
  private readonly opened: OpenCalls
  readonly ends: EndCalls

  constructor(
    server: Caller,
    client: HoldfastApi<State>,
    private readonly calls: Calls,
    inside: AccessWork,
    private readonly random: Random,
    history: History,
    private readonly workload: Workload,
  ) {
    this.opened = new OpenCalls(server, client, calls, calls.nested, inside, random, history, workload)
    this.ends = new EndCalls(server, client, calls, inside, random, history, workload)
  }

  any(id: string): Promise<void> {
    const { calls, opened, random, workload } = this
    const list = random.pick(LISTS)
    const kind = random.pick(['several', 'open', 'open', 'look', 'run', 'more'])
    if (kind === 'open') return opened.append(id, list)
    if (kind === 'look') return opened.look(id, list)
    if (kind === 'run') return opened.run(id, list, random.pick(workload.sessions))
    if (kind === 'more') return calls.appendToBoth(id, list, workload.longWaitMs)
    const ids = new Set([id, random.pick(workload.sessions), random.pick(workload.sessions)])
    return calls.appendToAll([...ids], list, workload.longWaitMs)
  }
}
