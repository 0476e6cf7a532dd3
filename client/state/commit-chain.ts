import { invariant } from '../../protocol/assert.js'
import type { Item, Store, Update } from '../../protocol/dynamodb.js'
import type { SessionKey } from '../../protocol/keys.js'
import { COMMIT_NAMES_MAX } from '../../protocol/limits.js'
import { readSession } from '../../protocol/state/record.js'
import { hasLanded, haveLanded } from '../../protocol/state/results.js'
import {
  type Attributes,
  type ChainEnd,
  commit,
  commitWhole,
  destroy,
  type Life,
  rotate,
  type WriteId,
} from '../../protocol/state/writes.js'
import { CommitUnknownError, type HoldfastError, SessionLostError } from '../errors/index.js'
import type { Clock, Randomness, Timer } from '../ports.js'
import type { Changes } from './attribute-cache.js'
import { Batch, type When } from './batch.js'
import { attempt, unreachable } from './dynamodb-retry.js'

export interface ChainContext {
  readonly session: SessionKey
  readonly epoch: number
  readonly client: {
    readonly store: Store
    readonly clock: Clock
    readonly randomness: Randomness
    readonly options: { readonly flushMs: number }
    readonly events: { tell(event: 'retried', of: { readonly session: string; readonly epoch: number }): void }
  }
  /** Until when the session lives, as last committed, and its life if it were committed now. */
  readonly life: { readonly untilMs: number; readonly extended: Life }
  /** Why nothing may be written any more, such as a lease that is over. */
  readonly validity: { readonly blocker: HoldfastError | undefined }
  /** All attributes as they are with everything that was staged. */
  attributes(): Attributes
  committed(batch: Batch, life: Life): void
  /** The chain is broken: the hold must be dropped. */
  failed(error: HoldfastError): void
}

/** The last write of a chain that landed. */
type LastWrite = Pick<ChainEnd, 'lastCommitId' | 'rev'>

type State =
  | { readonly kind: 'open' }
  /** The session's life here is being ended, by a write that is under way or to come. */
  | { readonly kind: 'ending' }
  /** That write has landed. */
  | { readonly kind: 'ended' }
  /** The hold is lost. */
  | { readonly kind: 'broken'; readonly by: HoldfastError }

const OPEN: State = { kind: 'open' }
const ENDING: State = { kind: 'ending' }
const ENDED: State = { kind: 'ended' }

/**
 * A hold's writes to the primary state, one after the other. Each is made on condition that the write before it is the
 * last that landed. Changes staged while a write is under way go with the next one.
 */
export class CommitChain {
  private current: Batch | undefined
  private waiting: Batch | undefined
  private state: State = OPEN
  /** The write that ends the session's life, once it was sent. */
  private lastWrite: Promise<unknown> | undefined
  private flushTimer: Timer | undefined

  constructor(
    private readonly context: ChainContext,
    private last: LastWrite,
  ) {}

  /** Commits so far, those of earlier holders included. */
  get rev(): number {
    return this.last.rev
  }

  get isIdle(): boolean {
    return this.current === undefined && this.waiting === undefined && this.state !== ENDING
  }

  /** A write is under way. */
  get isWriting(): boolean {
    return this.current !== undefined
  }

  /** The newest batch that has not resolved. */
  get latest(): Batch | undefined {
    return this.waiting ?? this.current
  }

  /** Changes that accesses have been told are done, and that are not known to be in DynamoDB. */
  get writtenBehind(): number {
    return (this.current?.writtenBehind ?? 0) + (this.waiting?.writtenBehind ?? 0)
  }

  stage(changes: Changes, when: When): Batch {
    const { brokenBy } = this
    if (brokenBy !== undefined) {
      // Lost just now, after its access had been checked: nothing would ever write it.
      const refused = new Batch()
      refused.reject(brokenBy)
      return refused
    }
    this.waiting ??= new Batch()
    const batch = this.waiting
    for (const [name, value] of changes) batch.changes.set(name, value)
    if (when === 'now') this.flush()
    else {
      batch.writtenBehind += 1
      // A batch that is due is written after the one under way.
      if (!batch.isDue)
        this.flushTimer ??= this.context.client.clock.after(this.flushDelayMs(), () => this.flush(), 'awaited')
    }
    return batch
  }

  /** Begins to write the changes that wait. */
  flush(): void {
    this.flushTimer?.cancel()
    this.flushTimer = undefined
    if (this.waiting === undefined) return
    this.waiting.isDue = true
    if (this.current === undefined) void this.pump()
  }

  /** Ends the session's life. To be called with all attributes locked and nothing staged since. */
  destroy(): Promise<void> {
    return this.endWith(() =>
      this.write((commitId) => destroy(this.end, { commitId, nowMs: this.context.client.clock.wallMs() })),
    )
  }

  /**
   * Moves the session's state under another id, which the hold of another chain was granted. To be called as {@link
   * destroy}, for both; `carry` is called when all that was staged before is written. Returns the session's life there.
   */
  rotate(target: CommitChain, carry: () => Attributes): Promise<Life> {
    return this.endWith(() => this.move(target, carry()))
  }

  /** Resolves when nothing is under way any more, however it ended. */
  async settle(): Promise<void> {
    for (let batch = this.latest; batch !== undefined; batch = this.latest) {
      this.flush()
      await batch.done.catch(() => {})
    }
    await this.lastWrite?.catch(() => {})
  }

  /** The hold is lost: unsent changes are dropped. A write under way keeps its own outcome. */
  abandon(error: HoldfastError): void {
    if (this.state.kind !== 'broken') this.state = { kind: 'broken', by: error }
    this.flushTimer?.cancel()
    this.waiting?.reject(error)
    this.waiting = undefined
  }

  private async endWith<T>(write: () => Promise<T>): Promise<T> {
    this.become(ENDING, OPEN)
    try {
      this.flush()
      while (this.latest !== undefined) await this.latest.done
      // The hold may have been lost meanwhile, and its lock released.
      if (this.brokenBy !== undefined) throw this.brokenBy
      const writing = write()
      this.lastWrite = writing
      const result = await writing
      this.become(ENDED, ENDING)
      return result
    } finally {
      this.become(OPEN, ENDING)
    }
  }

  private become(next: State, from: State): void {
    if (this.state === from) this.state = next
  }

  private get brokenBy(): HoldfastError | undefined {
    return this.state.kind === 'broken' ? this.state.by : undefined
  }

  private async move(target: CommitChain, attrs: Attributes): Promise<Life> {
    const problem = target.brokenBy ?? target.context.validity.blocker
    if (problem !== undefined) throw problem
    const { store, randomness } = this.context.client
    const commitId = randomness.token(12)
    const life = this.context.life.extended
    const writes = rotate({ from: this.end, to: target.end, commitId, attrs, ...life })
    const { value, mayHaveLanded } = await this.attempt(() => store.transact(writes))
    const ids = [target, this].map(({ context }) => ({ epoch: context.epoch, commitId }))
    if (!value.applied && !haveLanded(value, ids)) {
      throw refusal(value.items[1] ?? value.items[0], mayHaveLanded)
    }
    target.last = { lastCommitId: commitId, rev: this.rev + 1 }
    return life
  }

  private async pump(): Promise<void> {
    while (this.waiting?.isDue === true && (this.state === OPEN || this.state === ENDING)) {
      invariant(this.current === undefined, 'a hold has one write under way')
      const batch = this.waiting
      this.waiting = undefined
      this.current = batch
      try {
        const life = this.context.life.extended
        await this.write((commitId) =>
          batch.changes.size > COMMIT_NAMES_MAX
            ? commitWhole(this.end, { commitId, attrs: this.context.attributes(), ...life })
            : commit(this.end, { commitId, changes: batch.changes, ...life }),
        )
        this.current = undefined
        batch.resolve()
        this.context.committed(batch, life)
      } catch (error) {
        batch.reject(error as HoldfastError)
        this.context.failed(error as HoldfastError)
        this.current = undefined
      }
    }
  }

  private get end(): ChainEnd {
    const { session, epoch } = this.context
    return { session, epoch, ...this.last }
  }

  /** Changes must be written before the session's life ends. */
  private flushDelayMs(): number {
    const { client, life } = this.context
    return Math.max(0, Math.min(client.options.flushMs, (life.untilMs - client.clock.wallMs()) / 2))
  }

  private async write(build: (commitId: string) => Update): Promise<void> {
    const { epoch, client } = this.context
    const id: WriteId = { epoch, commitId: client.randomness.token(12) }
    // Built once: every try sends the same bytes.
    const update = build(id.commitId)
    const { value, mayHaveLanded } = await this.attempt(() => client.store.update(update))
    if (hasLanded(value, id)) this.last = { lastCommitId: id.commitId, rev: this.rev + 1 }
    else throw refusal(value.item, mayHaveLanded)
  }

  /** Sends one write until its outcome is known. Throws where it was refused or stays unknown. */
  private async attempt<T>(request: () => Promise<T>): Promise<{ readonly value: T; readonly mayHaveLanded: boolean }> {
    const { validity, client, session, epoch } = this.context
    const problem = validity.blocker
    if (problem !== undefined) throw problem
    let isAgain = false
    const send = () => {
      if (isAgain) client.events.tell('retried', { session, epoch })
      isAgain = true
      return request()
    }
    const tried = await attempt(send, client.clock, client.randomness, () => validity.blocker === undefined)
    if (tried.ok) return tried
    if (tried.mayHaveLanded) throw new CommitUnknownError(tried.error)
    throw unreachable('cannot commit', tried.error)
  }
}

/** The reason why a refused write did not land, from the record that it found; or that this is unknown. */
function refusal(found: Item | undefined, mayHaveLanded: boolean): HoldfastError {
  // A newer holder's claim hides whether an earlier try had landed before it.
  if (mayHaveLanded) return new CommitUnknownError(undefined)
  const record = readSession(found)
  if (record === undefined) return new SessionLostError('expired', 'its record is gone')
  if (record.attrs === undefined) return new SessionLostError('destroyed', 'another process destroyed it')
  return new SessionLostError('fenced', 'a newer holder has claimed it')
}
