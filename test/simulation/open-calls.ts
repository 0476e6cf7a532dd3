import type { HoldfastApi } from '../../client/api.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import { type ListName, locksFor, readLocksFor, type State } from './attributes.js'
import type { Caller } from './caller.js'
import type { Calls } from './calls.js'
import type { History } from './history.js'
import type { NestedCalls } from './nested-calls.js'
import { TIMING, type Workload } from './workload.js'

/** For an access inside `session.run` to another session, which may wait for this one. */
const OTHER_TIMEOUT_MS = 1_000

/** Sessions that stay open until they are closed or disposed of. */
export class OpenCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly calls: Calls,
    private readonly nested: NestedCalls,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  /** Changes that are neither committed nor closed with are discarded. */
  async append(id: string, list: ListName): Promise<void> {
    const { inside, random, server } = this
    const timeoutMs = this.workload.longWaitMs
    const appending = inside.appending()
    const { durability, outcome } = inside.anyDurability()
    const session = await this.client.open(id, locksFor(list), { timeoutMs, durability })
    const stopUsing = inside.begin(id, session)
    // A wait that ends when this access loses the session.
    const isAwaited = random.chance(0.5)
    if (isAwaited) void server.attempt(id, () => this.calls.append(id, list, timeoutMs, session.signal))
    const end = random.pick(['close', 'commit', 'discard'])
    try {
      await inside.appendIn(session as ListSession, id, list, appending, 'none')
      if (isAwaited) await server.sleep(random.between(0, TIMING.leaseMs))
      if (end === 'commit') {
        await session.commit()
        appending.end('acknowledged')
      } else if (end === 'close') {
        await session.close()
        appending.end(outcome)
        inside.executed.hit('session.close')
      } else inside.executed.hit('disposal without close')
    } catch (error) {
      appending.fail(error)
      throw error
    } finally {
      await session[Symbol.asyncDispose]()
      stopUsing()
      appending.end('failed')
    }
    inside.executed.hit('open')
  }

  /** What it has read is committed when it is closed. */
  async look(id: string, list: ListName): Promise<void> {
    const { history, inside, server } = this
    const calledAtMs = server.trueNowMs()
    const options = { timeoutMs: this.workload.longWaitMs, durability: 'access' } as const
    const session = await this.client.open(id, readLocksFor(list), options)
    const leave = inside.enter(id, list, 'shared', session)
    const { epoch } = session
    let tokens: readonly string[]
    try {
      tokens = inside.listIn(session, list)
      await inside.work()
    } finally {
      leave()
    }
    await session.close()
    if (!server.machine.isDead) history.read(server.keyOf(id), list, tokens, epoch, calledAtMs)
    inside.executed.hit('session.close after reading')
  }

  /** Accesses to this session join it, and others wait. */
  async run(id: string, list: ListName, other: string): Promise<void> {
    const { inside, nested, server } = this
    const appending = inside.appending()
    const { durability, outcome } = inside.anyDurability()
    const session = await this.client.open(id, locksFor(list), { timeoutMs: this.workload.longWaitMs, durability })
    const leave = inside.enter(id, list, 'exclusive', session)
    try {
      await session.run(async () => {
        await nested.nest(session, id, list, [appending])
        if (other === id) return
        await server.attempt(other, () => this.calls.append(other, list, OTHER_TIMEOUT_MS))
        inside.executed.hit('access to another session in session.run')
      })
      leave()
      await session.close()
      appending.end(outcome)
      inside.executed.hit('session.run')
    } catch (error) {
      appending.fail(error)
      throw error
    } finally {
      leave()
      await session[Symbol.asyncDispose]()
      appending.end('failed')
    }
  }
}
