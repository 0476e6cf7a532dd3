import type { SessionKey } from '../protocol/keys.js'
import type { Changes } from './attribute-cache.js'
import type { Batch } from './commit-chain.js'
import { type HoldfastError, PartialCommitError } from './errors.js'
import type { Hold } from './hold.js'
import { Nesting } from './nesting.js'
import type { Clock } from './ports.js'
import type { AccessSession } from './session.js'
import type { Ticket } from './ticket.js'

/** One session of an access that has its locks. */
export interface Running {
  readonly key: SessionKey
  readonly hold: Hold
  readonly ticket: Ticket
  readonly session: AccessSession
}

const NO_CHANGES: Changes = new Map()

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

  /** @param finish makes the changes last and frees the locks; without it every session commits. */
  run<T>(
    running: readonly Running[],
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    finish: (running: readonly Running[]) => Promise<void> = (all) => this.commit(all),
  ): Promise<T> {
    const result = this.perform(running, work, finish)
    return new Promise<T>((resolve, reject) => {
      // A loss fails the access at once, whether or not its work ever ends.
      const lose = (loss: HoldfastError) => void outcomeOf(running, loss).then(reject)
      for (const { ticket } of running) {
        if (ticket.loss !== undefined) lose(ticket.loss)
        ticket.whileRunning(lose)
      }
      result.then(resolve, reject)
    })
  }

  private async perform<T>(
    running: readonly Running[],
    work: (sessions: readonly AccessSession[]) => T | Promise<T>,
    finish: (running: readonly Running[]) => Promise<void>,
  ): Promise<T> {
    const scope = this.nesting.open(running)
    this.begin()
    try {
      const sessions = running.map(({ session }) => session)
      const result = await this.nesting.run(scope, () => work(sessions))
      await finish(running)
      return result
    } catch (error) {
      for (const { hold, ticket, session } of running) {
        if (session.isOver) continue
        session.end()
        hold.leave(ticket)
      }
      throw await outcomeOf(running, error)
    } finally {
      scope.isEnded = true
      this.end()
    }
  }

  /** Stages what changed, frees the locks, and waits until everything that was seen or changed is in DynamoDB. */
  private async commit(running: readonly Running[]): Promise<void> {
    const staged = running.map(({ hold, ticket, session }) => {
      // What was only read must be as current as what is written.
      hold.verify()
      if (ticket.loss !== undefined) throw ticket.loss
      return session.content.changes()
    })
    for (const [index, { hold }] of running.entries()) hold.checkSize(staged[index] ?? NO_CHANGES)
    const batches = running.map(({ hold, ticket, session }, index) => {
      session.end()
      ticket.whileRunning(undefined)
      const changes = staged[index]
      const isWrittenBehind = ticket.options.durability === 'release'
      let batch: Batch | undefined
      if (changes !== undefined) batch = hold.stage(changes, isWrittenBehind ? 'later' : 'now')
      else if (!isWrittenBehind) batch = hold.writeSeen(ticket.request)
      if (changes === undefined) hold.touchIfDue()
      hold.leave(ticket)
      return isWrittenBehind ? undefined : batch
    })
    const outcomes = await Promise.allSettled(batches.map((batch) => Promise.resolve(batch?.done)))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed === undefined) return
    const hasLanded = outcomes.some(({ status }, index) => status === 'fulfilled' && staged[index] !== undefined)
    throw hasLanded ? new PartialCommitError(failed.reason) : failed.reason
  }
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
