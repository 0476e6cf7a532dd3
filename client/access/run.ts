import type { SessionKey } from '../../protocol/keys.js'
import { type HoldfastError, PartialCommitError } from '../errors/index.js'
import type { Clock } from '../ports.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { Changes } from '../state/attribute-cache.js'
import type { Batch } from '../state/commit-chain.js'
import { Nesting, type Scope } from './nesting.js'
import { AccessSession, worstOf } from './session.js'

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

/**
 * Enters several sessions, one after the other in the order of the keys. One that is lost meanwhile fails them all: the
 * others are not waited for.
 */
export async function enterAll(
  keys: readonly SessionKey[],
  ticketFor: () => Ticket,
  enter: (key: SessionKey, ticket: Ticket) => Promise<Hold>,
  leave: (hold: Hold, ticket: Ticket) => void,
): Promise<readonly Running[]> {
  const entered = new Map<SessionKey, Running>()
  let waiting: Ticket | undefined
  let loss: HoldfastError | undefined
  const lose = (error: HoldfastError) => {
    loss ??= error
    waiting?.giveUp(error)
  }
  try {
    for (const key of [...keys].sort()) {
      const ticket = ticketFor()
      waiting = ticket
      const hold = await enter(key, ticket)
      entered.set(key, new Running(key, hold, ticket, new AccessSession(hold, ticket)))
      ticket.whileRunning(lose)
      loss ??= ticket.loss
      if (loss !== undefined) throw loss
    }
    // The first have waited for the last.
    for (const { hold } of entered.values()) if (hold.verify()) hold.verifyAlive()
    if (loss !== undefined) throw loss
  } catch (error) {
    for (const { hold, ticket } of entered.values()) leave(hold, ticket)
    throw error
  }
  return keys.map((key) => entered.get(key) as Running)
}

/** The accesses of one client: runs their work in a scope, commits what they changed, and counts their sessions. */
export class Accesses {
  readonly nesting = new Nesting<Running>()
  private count = 0
  private onQuiet: (() => void) | undefined

  /** From before an access waits for a session: with its locks it must not be overlooked before its work has begun. */
  begin(): void {
    this.count += 1
  }

  end(sessions = 1): void {
    this.count -= sessions
    if (this.count === 0) this.onQuiet?.()
  }

  /** Resolves when none waits or runs any more, or after `ms`. */
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
      this.close(scope, running)
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
      this.close(scope, running)
    }
  }

  private close(scope: Scope, running: readonly Running[]): void {
    scope.isEnded = true
    this.end(running.length)
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

/** The loss of one session fails the access at once, with all its sessions, whether or not its work ever ends. */
function unlessLost<T>(running: readonly Running[], result: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const lose = (loss: HoldfastError) => {
      for (const { ticket } of running) ticket.whileRunning(undefined)
      for (const { hold, ticket, session } of running) {
        if (ticket.loss !== undefined) continue
        // Its caller is told that nothing has happened: the work must not commit the others after that.
        ticket.lose(loss)
        session.end()
        // Not before the others are lost as well, if they are by the same cause: nobody may be let in until then.
        queueMicrotask(() => hold.leave(ticket))
      }
      void outcomeOf(running, loss).then(reject)
    }
    const loss = running.find(({ ticket }) => ticket.loss !== undefined)?.ticket.loss
    if (loss !== undefined) lose(loss)
    else for (const { ticket } of running) ticket.whileRunning(lose)
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
