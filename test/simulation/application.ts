import type { HoldfastApi } from '../../client/api.js'
import type { Random } from '../support/random.js'
import type { AccessWork } from './access-work.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import { Calls } from './calls.js'
import type { History } from './history.js'
import { LifeCalls } from './life-calls.js'
import { NoteCalls } from './note-calls.js'
import { OddCalls } from './odd-calls.js'
import { WholeCalls } from './whole-calls.js'
import type { Workload } from './workload.js'

/** How often a task begins a session of its own. */
const BEGIN_SHARE = 0.02

/** All that an application calls, by the client of a process or of a worker thread. */
export class Application {
  readonly calls: Calls
  private readonly whole: WholeCalls
  private readonly life: LifeCalls
  private readonly odd: OddCalls
  private readonly notes: NoteCalls

  constructor(
    private readonly caller: Caller,
    client: HoldfastApi<State>,
    inside: AccessWork,
    private readonly random: Random,
    history: History,
    private readonly workload: Workload,
  ) {
    this.calls = new Calls(caller, client, inside, random, history, workload)
    this.whole = new WholeCalls(caller, client, inside, random, history, workload)
    this.odd = new OddCalls(caller, client, this.calls, inside, random, history, workload)
    this.life = new LifeCalls(caller, client, this.calls, inside, history, workload)
    this.notes = new NoteCalls(caller, client, inside, random, history, workload)
  }

  /** Makes one call of any kind. */
  call(id: string): Promise<void> {
    return this.caller.attempt(id, () => this.anyCall(id))
  }

  private anyCall(id: string): Promise<unknown> {
    const { calls, life, notes, odd, random, whole, workload } = this
    if (random.chance(workload.destroyShare)) return this.ender().destroy(id)
    if (random.chance(workload.rotateShare)) return this.ender().rotate(id)
    if (random.chance(workload.releaseShare)) return calls.release(id)
    if (random.chance(0.02)) return calls.seek(`unknown ${id}`)
    if (random.chance(BEGIN_SHARE)) return calls.begin()
    if (random.chance(workload.oddShare)) return odd.any(id)
    if (random.chance(workload.wholeShare)) return whole.any(id)
    if (random.chance(workload.peekShare)) return life.peek(id)
    if (random.chance(workload.createShare)) return random.chance(0.5) ? life.live() : life.contend()
    if (random.chance(workload.noteShare)) return notes.write()
    return calls.usual(id)
  }

  /** Sessions are ended by calls of their own, or by accesses to them. */
  private ender(): Pick<Calls, 'destroy' | 'rotate'> {
    return this.random.chance(0.5) ? this.odd.ends : this.calls
  }
}
