// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the writes to the primary state: fence, chain, expiry. */
export const STATE_MUTANTS: readonly Mutant[] = [
  // The state: fence, chain, expiry.
  {
    name: 'a claim without a fence',
    file: 'protocol/state/writes.ts',
    from: "const OLDER_FENCE = 'fence < :epoch'",
    to: "const OLDER_FENCE = '(fence < :epoch OR fence >= :epoch)'",
  },
  {
    name: 'a commit without the chain of commitIds',
    file: 'protocol/state/writes.ts',
    from: "const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND attribute_not_exists(destroyedAt)'",
    to: "const NEXT_IN_CHAIN = 'fence = :epoch AND (commitId = :last OR commitId <> :last) AND attribute_not_exists(destroyedAt)'",
  },
  {
    name: 'a commit without the fence',
    file: 'protocol/state/writes.ts',
    from: "const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND attribute_not_exists(destroyedAt)'",
    to: "const NEXT_IN_CHAIN = '(fence = :epoch OR fence <> :epoch) AND (commitId = :last OR commitId <> :last) AND attribute_not_exists(destroyedAt)'",
  },
  {
    name: 'a refused commit counts as landed',
    file: 'protocol/state/results.ts',
    from: 'outcome.applied || isBy(readSession(outcome.item), id)',
    to: 'outcome.applied || (outcome.item !== undefined && id.epoch > 0)',
  },
  {
    name: 'an unknown commit is called a failure without effect',
    file: 'client/state/commit-chain.ts',
    from: 'if (mayHaveLanded) return new CommitUnknownError(undefined)',
    to: '',
  },
  {
    name: 'a commit without an answer is called a failure without effect',
    file: 'client/state/commit-chain.ts',
    from: 'if (tried.mayHaveLanded) throw new CommitUnknownError(tried.error)',
    to: '',
  },
  {
    name: 'a new epoch starts low',
    file: 'protocol/lock/writes.ts',
    from: "'SET epoch = if_not_exists(epoch, :now) + :one, holder = :me, waiters = if_not_exists(waiters, :none), ' +",
    to: "'SET epoch = if_not_exists(epoch, :zero) + :one, holder = :me, waiters = if_not_exists(waiters, :none), ' +",
  },
  {
    name: 'a claim creates a session that nobody wants',
    file: 'client/session/claim.ts',
    from: "if (result.kind === 'absent' && !isToBeCreated(result.reason)) return { kind: 'unwanted' }",
    to: "if (result.kind === 'absent') isToBeCreated(result.reason)",
  },
  {
    name: 'a retry of a commit is another commit',
    file: 'client/state/commit-chain.ts',
    from: 'await this.attempt(() => client.store.update(update))',
    to: "await this.attempt(() => client.store.update({ ...update, values: { ...update.values, ':commit': { S: client.randomness.token(12) } } }))",
  },
  {
    name: 'a session is used beyond its life',
    file: 'client/session/hold.ts',
    from: 'return this.endIfLost() || this.endBy(this.validity.expired)',
    to: 'return this.endIfLost()',
  },
  {
    name: 'a live session is taken for an expired one',
    file: 'client/session/claim.ts',
    from: 'const nowMs = clock.wallMs()',
    to: 'const nowMs = clock.wallMs() + 3_600_000',
  },
  {
    name: 'a life is cut short',
    file: 'protocol/state/writes.ts',
    from: "':alive': num(aliveUntilMs),",
    to: "':alive': num(Math.min(aliveUntilMs, nowMs + 3_000)),",
  },
  {
    name: 'a rotation carries nothing over',
    file: 'client/session/hold.ts',
    from: 'return { attrs: this.attributes.all(), createdAt: this.life.createdAt, rev: this.life.rev }',
    to: 'this.attributes.load({})\n    return { attrs: {}, createdAt: this.life.createdAt, rev: this.life.rev }',
  },
  {
    name: 'what was to be written behind is dropped when a session is let go',
    file: 'client/session/hold.ts',
    from: 'this.chain.flush()\n      // That may have',
    to: "if (!this.accesses.isAny) this.chain.abandon(new SessionLostError('expired', ''))\n      this.chain.flush()\n      // That may have",
  },
]
