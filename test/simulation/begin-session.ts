import type { Session } from '../../client/access/session.js'
import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import type { History } from './history.js'

/** The first access to a session fails, and leaves none behind. The next one succeeds, and leaves one. */
export async function beginSession(
  server: Pick<Caller, 'keyOf'>,
  client: HoldfastApi<State>,
  history: History,
  id: string,
  work: () => Promise<void>,
): Promise<void> {
  const key = server.keyOf(id)
  const access = (ifMissing: 'create' | 'fail', what: (session: Session<Partial<State>, State>) => Promise<void>) =>
    client.access(id, 'all', (session) => what(session as Session<Partial<State>, State>), {
      ifMissing,
      durability: 'access',
      timeoutMs: 4_000,
    })
  history.sessions.failing(key, true)
  const failed = new Error('as the application says')
  const failing = access('create', async ({ state }) => {
    state.countA = 1
    await work()
    throw failed
  })
  await failing.catch((error: unknown) => {
    if (error !== failed) throw error
  })
  await access('fail', work).then(
    () => history.violate('15', 'a failed access left a session behind'),
    (error: HoldfastError) => {
      if (error.code !== 'SESSION_MISSING') throw error
    },
  )
  history.sessions.failing(key, false)
  await access('create', work)
  if (!history.sessions.wasBorn(key)) history.violate('15', 'an access succeeded, and there is no session')
}
