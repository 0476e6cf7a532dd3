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
    name: 'a commit without the chain',
    file: 'protocol/state/writes.ts',
    from: "const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND rev = :rev AND attribute_exists(attrs)'",
    to: "const NEXT_IN_CHAIN = 'fence = :epoch AND (commitId = :last OR commitId <> :last) AND (rev = :rev OR rev <> :rev) AND attribute_exists(attrs)'",
  },
  {
    name: 'a commit without the fence',
    file: 'protocol/state/writes.ts',
    from: "const NEXT_IN_CHAIN = 'fence = :epoch AND commitId = :last AND rev = :rev AND attribute_exists(attrs)'",
    to: "const NEXT_IN_CHAIN = '(fence = :epoch OR fence <> :epoch) AND (commitId = :last OR commitId <> :last) AND (rev = :rev OR rev <> :rev) AND attribute_exists(attrs)'",
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
    from: "'SET epoch = if_not_exists(epoch, :now) + :one, holder = :me, mark = :mark, ' +",
    to: "'SET epoch = if_not_exists(epoch, :zero) + :one, holder = :me, mark = :mark, ' +",
  },
  {
    name: 'a claim creates a session that nobody wants',
    file: 'client/session/claim.ts',
    from: "if (result.kind === 'absent' && !isToBeCreated(result.absence)) return { kind: 'unwanted' }",
    to: "if (result.kind === 'absent') isToBeCreated(result.absence)",
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
    from: 'return this.endIfLost(now) || this.endIfExpired(now)',
    to: 'return this.endIfLost(now)',
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
    from: "':alive': num(aliveUntil),",
    to: "':alive': num(Math.min(aliveUntil, nowMs + 3_000)),",
  },
  {
    name: 'a rotation carries nothing over',
    file: 'client/session/held-state.ts',
    from: 'return this.attributes()',
    to: 'return {}',
  },
  {
    name: 'accesses of the same process find nothing under the new id of a rotation',
    file: 'client/session/held-state.ts',
    from: 'target.values = this.values',
    to: '',
  },
  // The birth of a session.
  {
    name: 'an access that fails begins a session',
    file: 'client/session/hold.ts',
    from: 'ticket.hold = undefined\n    // It may have been',
    to: "if (this.life.isNew) void this.take(ticket.request, new Map(), 'now')\n    ticket.hold = undefined\n    // It may have been",
  },
  {
    name: 'an access that succeeds without changes begins no session',
    file: 'client/session/held-state.ts',
    from: "if (this.life.isNew) return this.stage(changes ?? NO_CHANGES, 'now', ttlMs)",
    to: "if (this.life.isNew) return changes === undefined ? undefined : this.stage(changes, 'now', ttlMs)",
  },
  {
    name: 'an access that succeeds does not wait for the birth of the session',
    file: 'client/session/held-state.ts',
    from: "if (this.life.isNew) return this.stage(changes ?? NO_CHANGES, 'now', ttlMs)",
    to: "if (this.life.isNew) {\n      const batch = this.stage(changes ?? NO_CHANGES, 'now', ttlMs)\n      return changes === undefined ? undefined : batch\n    }",
  },
  {
    name: 'a commit leaves its session unborn',
    file: 'protocol/state/writes.ts',
    from: "const BORN = 'REMOVE unborn, destroyedAt'",
    to: "const BORN = 'REMOVE destroyedAt'",
  },
  {
    name: 'an access that must find a session is content with an unborn one',
    file: 'client/session/hold.ts',
    from: "return this.life.isNew && ticket.options.ifMissing === 'fail'",
    to: 'return ticket.isGranted && false',
  },
  // Expiry.
  {
    name: 'a rolling life ends under an access that runs',
    file: 'client/session/validity.ts',
    from: '(this.overstayAt(now) ?? this.expiredAt(now, true))',
    to: '(this.overstayAt(now) ?? this.expiredAt(now, false))',
  },
  {
    name: 'an access that would join others that still run is not let in after the end of the life',
    file: 'client/session/hold.ts',
    from: 'this.validity.expiredAt(now, this.accesses.isAnyRunning || !this.chain.isIdle)',
    to: 'this.validity.expiredAt(now, false)',
  },
  {
    name: 'what was to be written behind is dropped when a session is let go',
    file: 'client/session/hold.ts',
    from: 'lease to be over.\n      this.chain.flush()',
    to: "lease to be over.\n      if (!this.accesses.isAny) this.chain.abandon(new SessionLostError('expired', ''))\n      this.chain.flush()",
  },
]
