import type { Door, Reply, Speaker } from '../../client/ports.js'
import { Dispatcher, GRANT_HANDLERS, RELEASE_HANDLERS } from '../../functions/dispatch.js'
import { type HttpsCaller, HttpsCallers } from '../../functions/https-callers.js'
import { KnownIncarnation } from '../../functions/known-incarnation.js'
import { KnownProcesses } from '../../functions/known-processes.js'
import type { Deps } from '../../functions/ports.js'
import { httpsConnection, NOWHERE } from '../../protocol/process/nowhere.js'

/** The function that takes messages over HTTPS, as one principal reaches it. */
export class HttpsFunction implements Door {
  private readonly dispatcher: Dispatcher<HttpsCaller>

  constructor(
    world: Pick<Deps, 'store' | 'push' | 'nowMs' | 'timing' | 'log'>,
    private readonly principal: string,
  ) {
    const { store, nowMs } = world
    const incarnation = new KnownIncarnation(store, nowMs)
    const deps: Deps = { ...world, processes: new KnownProcesses(nowMs), incarnation, namespaces: new Map() }
    this.dispatcher = new Dispatcher(deps, { ...GRANT_HANDLERS, ...RELEASE_HANDLERS }, new HttpsCallers(deps))
  }

  async post({ processId, secret, connectionId = processId }: Speaker, text: string): Promise<Reply> {
    const { principal } = this
    const caller = { principal, processId, secret, connectionId: httpsConnection(connectionId), endpoint: NOWHERE }
    return { text: JSON.stringify(await this.dispatcher.answer(caller, text)) }
  }
}
