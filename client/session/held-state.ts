import type { SessionKey } from '../../protocol/keys.js'
import type { SessionRecord } from '../../protocol/state/record.js'
import type { Attributes, Life } from '../../protocol/state/writes.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import type { HoldfastError } from '../errors/index.js'
import { AttributeCache, type Changes } from '../state/attribute-cache.js'
import type { Batch, When } from '../state/batch.js'
import { type ChainContext, CommitChain } from '../state/commit-chain.js'
import { Unresolved } from '../state/unresolved.js'
import { isOtherTtl, type SessionLife } from './life.js'
import type { SessionsContext } from './sessions-context.js'
import type { Validity } from './validity.js'

interface HeldStateOptions {
  readonly session: SessionKey
  readonly epoch: number
  /** The session as the claim found it. */
  readonly record: SessionRecord
  readonly life: SessionLife
  readonly validity: Validity
  readonly context: SessionsContext
  readonly owner: HeldStateOwner
}

/** The hold, as its state tells it of commits. */
interface HeldStateOwner {
  /** A commit has landed. */
  settle(): void
  /** The hold must be dropped. */
  commitFailed(error: HoldfastError): void
}

const NO_CHANGES: Changes = new Map()

/** The state of a held session: its attributes as cached, its life, and the writes that bring both into DynamoDB. */
export class HeldState implements ChainContext {
  values: AttributeCache
  readonly chain: CommitChain
  readonly session: SessionKey
  readonly epoch: number
  readonly client: SessionsContext
  readonly life: SessionLife
  readonly validity: Validity
  private readonly owner: HeldStateOwner
  /** While something is staged that is not in DynamoDB. */
  private unresolved: Unresolved | undefined

  constructor({ session, epoch, record, life, validity, context, owner }: HeldStateOptions) {
    this.session = session
    this.epoch = epoch
    this.client = context
    this.life = life
    this.validity = validity
    this.owner = owner
    this.values = new AttributeCache(record.attrs ?? {}, context.options)
    this.chain = new CommitChain(this, { lastCommitId: record.commitId, rev: record.rev })
  }

  attributes(): Attributes {
    return this.values.all()
  }

  committed(batch: Batch, { aliveUntil }: Life): void {
    this.life.committed(aliveUntil)
    this.unresolved?.committed(batch)
    if (this.unresolved?.isEmpty) this.unresolved = undefined
    this.owner.settle()
  }

  failed(error: HoldfastError): void {
    this.owner.commitFailed(error)
  }

  /** Until when the session lives, with what is staged, and with this lifetime where one is given. */
  aliveUntil(ttlMs: number | undefined): number {
    const { life } = this
    if (isOtherTtl(life, ttlMs)) return life.extendedUntilMs(ttlMs)
    return this.chain.isIdle && !life.isNew ? life.untilMs : life.extendedUntilMs()
  }

  /**
   * Takes over what a successful access with these locks did: its changes, once their size is checked, and a lifetime
   * for the session. The first one gives birth to the session, even without changes. Returns the batch that the access
   * must await: it brings into DynamoDB what the access did, or, where that is to be written now, saw. A birth is never
   * written later: by then a process that looks for the session would not find it.
   */
  take(request: LockRequest, changes: Changes | undefined, when: When, ttlMs: number | undefined): Batch | undefined {
    if (this.life.isNew) return this.stage(changes ?? NO_CHANGES, 'now', ttlMs)
    const staged = this.mustWrite(changes, ttlMs) ? this.stage(changes ?? NO_CHANGES, when, ttlMs) : undefined
    if (when === 'later') return this.unresolved?.birth
    return staged ?? this.writeSeen(request)
  }

  /** Whether the success of an access is a write: of these changes, of this lifetime, or the birth of the session. */
  mustWrite(changes: Changes | undefined, ttlMs: number | undefined): boolean {
    return changes !== undefined || this.life.isNew || isOtherTtl(this.life, ttlMs)
  }

  /** Extends the session's life without a change to it, where enough of it has passed. */
  touchIfDueAt(nowMs: number): void {
    if (this.life.isTouchDueAt(nowMs) && this.chain.isIdle) this.chain.stage(NO_CHANGES, 'now')
  }

  /** Moves everything, with these changes, to another held session that is unborn, and ends this one. */
  async rotate(target: HeldState, changes: Changes, ttlMs: number | undefined): Promise<void> {
    const life: Life = await this.chain.rotate(target.chain, () => {
      this.values.apply(changes)
      this.life.staged(ttlMs)
      return this.attributes()
    })
    // The same values, which accesses that go on under the new id have seen.
    target.values = this.values
    target.life.takeOver(life, this.life.accessedAt)
  }

  private stage(changes: Changes, when: When, ttlMs: number | undefined): Batch {
    const isBirth = this.life.isNew
    this.values.apply(changes)
    this.life.staged(ttlMs)
    const batch = this.chain.stage(changes, when)
    this.unresolved ??= new Unresolved()
    this.unresolved.staged(batch, changes.keys(), isBirth)
    return batch
  }

  /** The batch that an access with these locks must await, since it may have seen values of it. It is written from now on. */
  private writeSeen(request: LockRequest): Batch | undefined {
    // A lifetime that waits to be written is no value that an access sees.
    if (this.unresolved === undefined || this.unresolved.isEmpty) return undefined
    const batch = this.unresolved.newestUnder(request, this.chain.latest)
    if (batch?.isDue === false) this.chain.flush()
    return batch
  }
}
