import type { SessionKey } from '../protocol/keys.js'
import type { Changes } from './attribute-cache.js'
import type { Batch } from './commit-chain.js'
import { type HoldfastError, PartialCommitError } from './errors.js'
import type { Hold } from './hold.js'
import { Nesting, type Scope } from './nesting.js'
import type { Clock } from './ports.js'
import { type AccessSession, worstOf } from './session.js'
import type { Ticket } from './ticket.js'

/**
 * One session of an access that has its locks. A class, like all that is made for every access and holds on to it: V8
 * may come to put literals into the old generation, and with them goes whatever they hold.
 */
export class Running {
  constructor(
    readonly key: SessionKey,
    readonly hold: Hold,
    readonly ticket: Ticket,
    readonly session: AccessSession,
  ) {}
}

/** The accesses of one client: runs their work in a scope, commits what they changed, and counts them. */
export class Accesses {
  readonly nesting = new Nesting<Running>()
  private count = 0
  private onQuiet: (() => void) | undefined

  begin(): void {
    this.count += 1
  }

  end(): void {
    this.count -= 1
    if (this.count === 0) this.onQuiet?.()
  }

  /** Resolves when none runs any more, or after `ms`. */
  async quiet(clock: Clock, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.count === 0) return resolve()
      const timer = clock.after(ms, resolve, 'awaited')
      this.onQuiet = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /**
   * Runs the work. A promise is returned only where something is to be waited for: most accesses are made by work that
   * returns at once and changes nothing that is not in DynamoDB yet.
   *
   * @param finish makes the changes last and frees the locks; without it every session commits.
   */
  run<T>(
    running: readonly Running[],
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    finish?: (running: readonly Running[]) => Promise<void>,
  ): T | Promise<T> {
    const scope = this.nesting.open(running)
    this.begin()
    try {
      for (const { ticket } of running) if (ticket.loss !== undefined) throw ticket.loss
      const sessions = running.map(sessionOf)
      const result = this.nesting.run(scope, () => work(sessions))
      if (finish !== undefined || isThenable(result)) {
        const finished = finishAfter(result, scope, running, finish ?? commit)
        return unlessLost(running, this.settle(scope, running, finished))
      }
      scope.isEnded = true
      const committed = commit(running)
      if (committed !== undefined) return this.settle(scope, running, after(committed, result))
      this.close(scope)
      return result
    } catch (error) {
      return this.settle(scope, running, Promise.reject(error as Error))
    }
  }

  private async settle<T>(scope: Scope, running: readonly Running[], finished: Promise<T>): Promise<T> {
    try {
      return await finished
    } catch (error) {
      for (const { hold, ticket, session } of running) {
        if (session.isOver) continue
        session.end()
        hold.leave(ticket)
      }
      throw await outcomeOf(running, error)
    } finally {
      this.close(scope)
    }
  }

  private close(scope: Scope): void {
    scope.isEnded = true
    this.end()
  }
}

const sessionOf = ({ session }: Running): AccessSession => session

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function'

async function after<T>(committed: Promise<void>, result: T): Promise<T> {
  await committed
  return result
}

async function finishAfter<T>(
  result: T | Promise<T>,
  scope: Scope,
  running: readonly Running[],
  finish: (running: readonly Running[]) => Promise<void> | undefined,
): Promise<T> {
  const value = await result
  // What the work has left running is not inside the access any more: its session is about to end.
  scope.isEnded = true
  await finish(running)
  return value
}

/** A loss fails the access at once, whether or not its work ever ends. */
function unlessLost<T>(running: readonly Running[], result: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const lose = (loss: HoldfastError) => void outcomeOf(running, loss).then(reject)
    for (const { ticket } of running) {
      if (ticket.loss !== undefined) lose(ticket.loss)
      ticket.whileRunning(lose)
    }
    result.then(resolve, reject)
  })
}

/**
 * Stages what changed, and frees the locks. The promise resolves when everything that was seen or changed is in
 * DynamoDB; there is none where it is already.
 */
function commit(running: readonly Running[]): Promise<void> | undefined {
  const staged = running.map(checkedChanges)
  // From here on the commits decide what the caller is told, not a loss that one of them comes upon.
  for (const { ticket, session } of running) {
    session.end()
    ticket.whileRunning(undefined)
  }
  const batches = running.map((one, index) => stageAndLeave(one, staged[index]))
  return batches.every((batch) => batch === undefined) ? undefined : landed(batches, staged)
}

/** What the access changed, if it may be committed: nothing has happened where this throws. */
function checkedChanges({ hold, ticket, session }: Running): Changes | undefined {
  // What was only read must be as current as what is written.
  hold.verify()
  if (ticket.loss !== undefined) throw ticket.loss
  const changes = session.changes()
  if (changes !== undefined) hold.checkSize(changes)
  return changes
}

/** Returns what the access has to wait for. */
function stageAndLeave({ hold, ticket }: Running, changes: Changes | undefined): Batch | undefined {
  const isWrittenBehind = ticket.options.durability === 'release'
  let batch: Batch | undefined
  if (changes !== undefined) batch = hold.stage(changes, isWrittenBehind ? 'later' : 'now')
  else if (!isWrittenBehind) batch = hold.writeSeen(ticket.request)
  if (changes === undefined) hold.touchIfDue()
  hold.leave(ticket)
  return isWrittenBehind ? undefined : batch
}

async function landed(
  batches: readonly (Batch | undefined)[],
  staged: readonly (Changes | undefined)[],
): Promise<void> {
  const outcomes = await Promise.allSettled(batches.map(async (batch) => batch?.done))
  const failure = worstOf(outcomes)
  if (failure === undefined) return
  const hasLanded = outcomes.some(({ status }, index) => status === 'fulfilled' && staged[index] !== undefined)
  throw hasLanded ? new PartialCommitError(failure) : failure
}

/** What a failed access is told. A commit() of it that is under way may still land, which decides what is known. */
async function outcomeOf(running: readonly Running[], error: unknown): Promise<unknown> {
  for (const { session } of running) {
    const unknown = await session.committing?.then(
      () => undefined,
      (failure: HoldfastError) => (failure.effect === 'unknown' ? failure : undefined),
    )
    if (unknown !== undefined) return unknown
  }
  return error
}
