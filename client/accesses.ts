import { AsyncLocalStorage } from 'node:async_hooks'
import type { SessionKey } from '../protocol/keys.js'
import type { Changes } from './attribute-cache.js'
import type { Batch } from './commit-chain.js'
import { type HoldfastError, NestedAccessError, PartialCommitError } from './errors.js'
import type { Hold } from './hold.js'
import { covers, type LockRequest } from './lock-request.js'
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

/** The access that the current task runs in. */
interface Scope {
  readonly client: unknown
  readonly running: readonly Running[]
  isEnded: boolean
}

const NO_CHANGES: Changes = new Map()

// One for all clients: a nested access finds the outer one here, through whatever asynchronous calls it came.
const scopes = new AsyncLocalStorage<Scope>()

/** The accesses of one client: runs their work in a scope, commits what they changed, and counts them. */
export class Accesses {
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

  /** Refuses what ends a session inside an access, which would wait for itself. */
  refuseNested(what: string): void {
    const scope = scopes.getStore()
    if (scope === undefined || scope.isEnded || scope.client !== this) return
    throw new NestedAccessError(`a session cannot be ${what} inside an access: do it afterwards`)
  }

  /** The outer access's sessions where they cover the request. Refuses what would wait for itself. */
  outer(keys: readonly SessionKey[], request: LockRequest): readonly Running[] | undefined {
    const scope = scopes.getStore()
    if (scope === undefined || scope.isEnded || scope.client !== this) return undefined
    return keys.map((key) => {
      const outer = scope.running.find((running) => running.key === key)
      if (outer === undefined) {
        throw new NestedAccessError('an access to another session began inside an access: use accessMany for both')
      }
      if (!covers(outer.ticket.request, request)) {
        throw new NestedAccessError(
          'a nested access to the same session asks for more than the outer one holds: lock it there, or session.lock()',
        )
      }
      return outer
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
    const scope: Scope = { client: this, running, isEnded: false }
    this.begin()
    try {
      const sessions = running.map(({ session }) => session)
      const result = await scopes.run(scope, work, sessions)
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
