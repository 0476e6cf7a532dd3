import type { HoldfastApi } from '../../client/api.js'
import { InvalidArgumentError, SessionMissingError } from '../../client/errors/index.js'
import type { AccessWork } from './access-work.js'
import { LISTS, type State } from './attributes.js'
import type { Caller } from './caller.js'
import type { Calls } from './calls.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

/** For so long all servers create sessions with one id. */
const CONTENDED_FOR_MS = 2_000

/** Sessions that one server creates, reads and destroys; and reads without locks. */
export class LifeCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly calls: Calls,
    private readonly inside: AccessWork,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  /** From its creation to its end: nobody else knows its id. */
  async live(): Promise<void> {
    const { history, inside, server } = this
    const timeoutMs = this.workload.longWaitMs
    const id = await this.create()
    await this.peek(id)
    await this.calls.look(id, 'A', timeoutMs)
    const key = server.keyOf(id)
    await this.calls.destroy(id)
    inside.executed.hit('created session destroyed')
    const restorations = history.sessions.restorationsOf(key)
    await this.peek(id)
    try {
      await this.calls.look(id, 'A', timeoutMs, 'fail')
    } catch (error) {
      if (error instanceof SessionMissingError) return
      throw error
    }
    if (history.sessions.restorationsOf(key) === restorations) history.violate('15', 'a destroyed session was found')
  }

  async peek(id: string): Promise<void> {
    const { history, inside, server } = this
    const key = server.keyOf(id)
    const begun = history.peeks.begin(key)
    const found = await this.client.peek(id)
    if (server.machine.isDead) return
    const lists = found && LISTS.map((list) => ({ list, tokens: inside.listIn(found, list) }))
    history.peeks.end(key, begun, found && { rev: found.rev, lists: lists ?? [] })
    inside.executed.hit(found === undefined ? 'peek of a missing session' : 'peek')
  }

  /** Others create a session with the same id at the same time: one of them succeeds. */
  async contend(): Promise<void> {
    const { history, inside, server } = this
    const id = `created ${Math.floor(server.trueNowMs() / CONTENDED_FOR_MS)}`
    const key = server.keyOf(id)
    const contender = async () => {
      try {
        await this.create(id)
        inside.executed.hit('creation that wins its id')
      } catch (error) {
        if (!(error instanceof InvalidArgumentError)) throw error
        history.sessions.refusing(key)
        inside.executed.hit('creation that loses its id')
      }
    }
    await Promise.all([server.attempt(id, contender), server.attempt(id, contender)])
  }

  private async create(given?: string): Promise<string> {
    const { history, inside, server } = this
    const appending = inside.appending()
    const token = server.token()
    const entry = history.begin(server.name, token, '', 'A', appending.calledAtMs)
    appending.add(entry)
    try {
      const id = await this.client.create(inside.besides('A', [token]), {
        timeoutMs: this.workload.longWaitMs,
        durability: 'access',
        ...(given === undefined ? {} : { id: given }),
      })
      entry.session = server.keyOf(id)
      appending.end('acknowledged')
      history.sessions.created(entry.session, token)
      inside.executed.hit('create')
      return id
    } catch (error) {
      appending.fail(error)
      throw error
    }
  }
}
