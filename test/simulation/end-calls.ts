import type { HoldfastApi } from '../../client/api.js'
import type { HoldfastError } from '../../client/errors/index.js'
import type { SessionKey } from '../../protocol/keys.js'
import type { Random } from '../support/random.js'
import type { AccessWork, ListSession } from './access-work.js'
import type { State } from './attributes.js'
import type { Caller } from './caller.js'
import type { Calls } from './calls.js'
import type { History } from './history.js'
import type { Workload } from './workload.js'

/** An access of the same process that waits while another ends the session. */
interface Rival {
  isCalled: boolean
  isSettled: boolean
}

/** Accesses that destroy their session, or move it to another id and go on there. */
export class EndCalls {
  constructor(
    private readonly server: Caller,
    private readonly client: HoldfastApi<State>,
    private readonly calls: Calls,
    private readonly inside: AccessWork,
    private readonly random: Random,
    private readonly history: History,
    private readonly workload: Workload,
  ) {}

  /** Changes that are not committed are dropped. */
  async destroy(id: string): Promise<void> {
    const { history, inside, server } = this
    const key = server.keyOf(id)
    const appending = inside.appending()
    history.sessions.destroying(key)
    let rival: Rival | undefined
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          await inside.appendIn(session as ListSession, id, 'A', appending, inside.anyCommits(0.3))
          rival = await this.rival(id)
          const { epoch } = session
          const restorations = history.sessions.restorationsOf(key)
          const ending = session.destroy()
          const forget = this.ending(key, epoch)
          await ending.catch((error: HoldfastError) => {
            this.endingFailed(key, epoch, error)
            throw error
          })
          forget()
          if (history.sessions.restorationsOf(key) === restorations) history.sessions.ended(key, epoch)
          // Where the session was lost since, those who wait learn of its end by a claim.
          if (!session.signal.aborted) await this.checkTold(rival)
        },
        { timeoutMs: this.workload.longWaitMs, durability: inside.anyDurability().durability },
      )
      appending.end('failed')
    } catch (error) {
      appending.fail(error)
      throw error
    }
    inside.executed.hit('session.destroy')
  }

  /** As at a login, in one access: what it changes afterwards is committed under the new id. */
  async rotate(id: string): Promise<void> {
    const { history, inside, random, server } = this
    const { successors } = this.workload
    const to = `${server.token()} of ${id.split(' of ').pop()}`
    const key = server.keyOf(id)
    const appending = inside.appending()
    const { durability, outcome } = inside.anyDurability()
    let isMoved = false
    let stopUsing = () => {}
    try {
      await this.client.access(
        id,
        'all',
        async (session) => {
          if (random.chance(0.7))
            await inside.appendIn(session as ListSession, id, 'A', appending, inside.anyCommits(0.1))
          const rival = await this.rival(id)
          const { epoch } = session
          const restorations = history.sessions.restorationsOf(key)
          const ending = session.rotate({ to })
          const forget = this.ending(key, epoch)
          await ending.catch((error: HoldfastError) => {
            this.endingFailed(key, epoch, error)
            if (error.effect === 'none') history.rotations.failedWithoutEffect(server.keyOf(to))
            throw error
          })
          forget()
          isMoved = true
          history.rotations.succeeded(server.keyOf(to))
          // However long the move took, and whatever its record says, the new session is in use since then.
          stopUsing = inside.goOn(to, session)
          successors.set(id, to)
          server.follow(id)
          for (const either of [key, server.keyOf(to)]) appending.committing(either)()
          if (history.sessions.restorationsOf(key) === restorations) history.sessions.ended(key, epoch)
          // Throws where the session was lost since: those who wait then learn of its end by a claim.
          session.tryLock('all')
          await this.checkTold(rival)
          await inside.appendIn(session as ListSession, to, random.pick(['A', 'B']), appending, inside.anyCommits(0.3))
        },
        { timeoutMs: this.workload.longWaitMs, durability },
      )
      appending.end(outcome)
    } catch (error) {
      appending.fail(error)
      // Whether it is the successor shows when somebody is turned away from the old id.
      if (!isMoved && (error as HoldfastError).effect === 'unknown' && !successors.has(id)) successors.set(id, to)
      throw error
    } finally {
      stopUsing()
    }
    inside.executed.hit('session.rotate')
  }

  /** Where its thread ends, the ending may fail, or was never sent. Returns what to do when it has succeeded. */
  private ending(key: string, epoch: number): () => void {
    const { history, server } = this
    if (server.machine.isDead) return () => {}
    history.locks.ending(key as SessionKey, epoch)
    return server.onEnd(() => history.locks.endingFailed(key as SessionKey, epoch))
  }

  /** A thread that closes does not know whether the main thread has begun with it. */
  private endingFailed(key: string, epoch: number, { effect }: HoldfastError): void {
    if (effect === 'none' || this.server.isThread) this.history.locks.endingFailed(key as SessionKey, epoch)
  }

  /** Not inside the access around this call: nothing that a timer begins is. */
  private async rival(id: string): Promise<Rival | undefined> {
    const { calls, random, server, workload } = this
    if (random.chance(0.3)) return undefined
    const rival: Rival = { isCalled: false, isSettled: false }
    server.machine.after(0, () => {
      rival.isCalled = true
      void server
        .attempt(id, () => calls.append(id, 'A', workload.longWaitMs))
        .then(() => {
          rival.isSettled = true
        })
    })
    await server.sleep(1)
    return rival.isCalled ? rival : undefined
  }

  private async checkTold(rival: Rival | undefined): Promise<void> {
    if (rival === undefined) return
    await this.server.sleep(this.server.toldWithinMs)
    if (!rival.isSettled) this.history.violate('15', 'an access still waits for a session that has ended')
    this.inside.executed.hit('wait for a session that ends')
  }
}
