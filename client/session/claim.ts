import type { Update } from '../../protocol/dynamodb.js'
import type { SessionKey } from '../../protocol/keys.js'
import type { Absence, SessionRecord } from '../../protocol/state/record.js'
import { readClaim } from '../../protocol/state/results.js'
import { claim, claimAfresh } from '../../protocol/state/writes.js'
import { CorruptStateError, type HoldfastError, UnreachableError } from '../errors/index.js'
import { CLAIM_ROUNDS_MAX } from '../limits.js'
import { unreachable } from '../state/dynamodb-retry.js'
import type { ClientContext } from './context.js'
import type { Grant } from './grant.js'

export type Claimed =
  | { readonly kind: 'claimed'; readonly record: SessionRecord; readonly isNew: boolean }
  /** A fence at or above the epoch: the lock must be asked for anew, above it. */
  | { readonly kind: 'fenced'; readonly fence: number }
  /** The session goes on under another id, and none can be made under this one. */
  | { readonly kind: 'rotated'; readonly absence: Absence }
  /** There is no such session, and no access here creates it. */
  | { readonly kind: 'unwanted' }
  | { readonly kind: 'failed'; readonly error: HoldfastError }
  /** The grant was lost meanwhile. */
  | { readonly kind: 'outdated' }

/**
 * Raises the fence and reads the session, or starts it afresh where there is none. `isCurrent` says whether the grant
 * still stands, with whose end the claim ends; `isToBeCreated` is asked when there is no session, and why. Where none is
 * expected, the first write starts it afresh.
 */
export async function claimSession(
  context: ClientContext,
  session: SessionKey,
  { epoch, over }: Pick<Grant, 'epoch' | 'over'>,
  isCurrent: () => boolean,
  isToBeCreated: (absence: Absence) => boolean,
  expectsNone: boolean,
): Promise<Claimed> {
  const { store, clock, randomness, options, reads } = context
  const id = { epoch, commitId: randomness.token(12) }
  const { untilMs } = reads
  let isAfresh = expectsNone
  for (let round = 0; round < CLAIM_ROUNDS_MAX; round += 1) {
    const nowMs = clock.wallMs()
    const write: Update = isAfresh
      ? claimAfresh(session, id, { ttlMs: options.ttlMs, nowMs })
      : claim(session, id, nowMs)
    const tried = await reads.attempt(untilMs, (signal) => store.update(write, signal), isCurrent, over)
    if (!isCurrent()) return { kind: 'outdated' }
    if (!tried.ok) {
      return {
        kind: 'failed',
        error: unreachable('cannot read the session', tried.error),
      }
    }
    const result = CorruptStateError.guard(() => readClaim(tried.value, id, nowMs))
    if (result.kind === 'claimed') return { ...result, isNew: isAfresh }
    if (result.kind === 'fenced' || result.kind === 'rotated') return result
    if (result.kind === 'absent' && !isToBeCreated(result.absence)) return { kind: 'unwanted' }
    isAfresh = result.kind === 'absent'
  }
  return { kind: 'failed', error: new UnreachableError('the session kept changing while it was claimed') }
}
