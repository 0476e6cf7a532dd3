import type { HoldfastError } from '../errors/index.js'
import { soon } from '../microtask.js'
import type { HoldfastConfig } from '../options/store-config.js'
import type { Clock, Timer } from '../ports.js'
import type { Scope } from '../scope.js'
import type { AccessSession } from './access-session.js'
import { commit } from './commit.js'
import type { Joinable } from './join.js'
import { Nesting } from './nesting.js'
import { isThenable, unknownOutcome } from './outcome.js'

/** The accesses of one client: runs their work in a scope, commits what they changed, and counts their sessions. */
export class Accesses {
  readonly nesting: Nesting<Joinable>
  private count = 0
  /** A call of {@link quiet} that waits. */
  private quieting: { untilMs: number; timer: Timer; readonly done: () => void } | undefined

  constructor({ url, sessionsTable }: HoldfastConfig) {
    this.nesting = new Nesting(JSON.stringify([url, sessionsTable]))
  }

  /** From before an access waits for a session: with its locks it must not be overlooked before its work has begun. */
  begin(): void {
    this.count += 1
  }

  end(sessions = 1): void {
    this.count -= sessions
    if (this.count === 0) this.quieting?.done()
  }

  /** Some wait or run. */
  get isAny(): boolean {
    return this.count > 0
  }

  /** Resolves when no access waits or runs any more, or after `ms`. */
  async quiet(clock: Clock, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.count === 0) return resolve()
      const done = () => {
        this.quieting?.timer.cancel()
        this.quieting = undefined
        resolve()
      }
      this.quieting = { untilMs: clock.monotonicMs() + ms, timer: clock.after(ms, done, 'awaited'), done }
    })
  }

  /** {@link quiet} waits no longer than `ms` from now. */
  hurry(clock: Clock, ms: number): void {
    const { quieting } = this
    const untilMs = clock.monotonicMs() + ms
    if (quieting === undefined || untilMs >= quieting.untilMs) return
    quieting.timer.cancel()
    quieting.untilMs = untilMs
    quieting.timer = clock.after(ms, quieting.done, 'awaited')
  }

  /**
   * Runs the work, as the last step of a task that an `await` has begun. A promise is returned only where something is to be waited for: most accesses are made by work that
   * returns at once and changes nothing that is not in DynamoDB yet.
   *
   * @param finish makes the changes last and frees the locks; without it every session commits.
   */
  run<T>(
    running: readonly AccessSession[],
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    finish?: (running: readonly AccessSession[]) => Promise<void>,
  ): T | Promise<T> {
    const scope = this.nesting.open(running)
    try {
      for (const { ticket } of running) if (ticket.loss !== undefined) throw ticket.loss
      const result = this.nesting.runLast(scope, () => work(running))
      if (finish !== undefined || isThenable(result) || running.some(isEnding)) {
        const finished = finishAfter(result, scope, running, finish ?? commit)
        return unlessLost(running, this.settle(scope, running, finished))
      }
      scope.close()
      const committed = commit(running)
      if (committed !== undefined) return this.settle(scope, running, after(committed, result))
      this.close(scope, running)
      return result
    } catch (error) {
      return this.settle(scope, running, Promise.reject(error as Error))
    }
  }

  private async settle<T>(scope: Scope, running: readonly AccessSession[], finished: Promise<T>): Promise<T> {
    try {
      return await finished
    } catch (error) {
      // Those that are over have left already, or are being destroyed.
      const open = running.filter(({ isOver }) => !isOver)
      for (const session of open) session.end()
      const unknown = await failed(running, open)
      throw unknown ?? error
    } finally {
      this.close(scope, running)
    }
  }

  private close(scope: Scope, running: readonly AccessSession[]): void {
    scope.close()
    this.end(running.length)
  }
}

/** A destruction or a rotation that the work has not awaited is under way. */
const isEnding = ({ ending }: AccessSession): boolean => ending !== undefined

async function after<T>(committed: Promise<void>, result: T): Promise<T> {
  await committed
  return result
}

/**
 * The access has failed, and frees its locks, but not while a destruction or a rotation is under way: the next
 * access would see changes of which nobody knows whether they are stored. Returns an outcome that is unknown.
 *
 * @param open the sessions that have their locks still.
 */
async function failed(
  running: readonly AccessSession[],
  open: readonly AccessSession[],
): Promise<HoldfastError | undefined> {
  const under = running.flatMap(({ ending }) => (ending === undefined ? [] : [ending]))
  if (under.length > 0) await Promise.allSettled(under)
  // A session that has moved is left under its new id.
  for (const session of open) session.leaveHold()
  return unknownOutcome(running)
}

async function finishAfter<T>(
  result: T | Promise<T>,
  scope: Scope,
  running: readonly AccessSession[],
  finish: (running: readonly AccessSession[]) => Promise<void> | undefined,
): Promise<T> {
  const value = await result
  for (let one = running.find(isEnding); one !== undefined; one = running.find(isEnding)) await one.ending
  // Tasks that the work has left running are not inside the access any more: its session is about to end.
  scope.close()
  await finish(running)
  return value
}

/** The loss of one session fails the access at once, with all its sessions, whether or not its work ever ends. */
function unlessLost<T>(running: readonly AccessSession[], result: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const lose = (loss: HoldfastError) => {
      const open: AccessSession[] = []
      for (const { ticket } of running) ticket.whileRunning(undefined)
      for (const session of running) {
        if (session.isDestroyed) continue
        // Its caller is told that nothing has happened: the work must not commit the others after that.
        if (session.ticket.loss === undefined) session.ticket.lose(loss)
        if (session.isOver) continue
        session.end()
        open.push(session)
      }
      // The others may be lost by the same cause, in this same turn: no access may enter them before that.
      soon(() => void failed(running, open).then((unknown) => reject(unknown ?? loss)))
    }
    const loss = running.find(({ ticket }) => ticket.loss !== undefined)?.ticket.loss
    if (loss !== undefined) lose(loss)
    else for (const { ticket, isDestroyed } of running) if (!isDestroyed) ticket.whileRunning(lose)
    result.then(resolve, reject)
  })
}
