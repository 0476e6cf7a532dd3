// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
/**
 * Bugs to plant, one line each: the simulation must find every one. `from` must occur exactly once in the file. Among
 * them is the opposite of each rule that the protocol cannot do without.
 */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
}

export const MUTANTS: readonly Mutant[] = [
  // Accesses that hang together.
  {
    name: 'a listener is inside the access that caused the event',
    file: 'client/events.ts',
    from: 'outsideAccesses(() => queueMicrotask(() => this.emitter.emit(event, ...args)))',
    to: 'queueMicrotask(() => this.emitter.emit(event, ...args))',
  },
  {
    name: 'an access that has lost one session goes on with the others',
    file: 'client/access/run.ts',
    from: 'if (ticket.loss !== undefined) continue',
    to: 'continue',
  },
  {
    name: 'an access begins with sessions whose life has ended while it waited for others',
    file: 'client/access/run.ts',
    from: 'for (const { hold } of entered.values()) if (hold.verify()) hold.verifyAlive()',
    to: '',
  },
  {
    name: 'signals are aborted before those that waited are handed back',
    file: 'client/session/hold.ts',
    from: 'const loss = lossFor(error)',
    to: 'const loss = lossFor(error); for (const ticket of this.running.clear()) ticket.lose(loss)',
  },
  {
    name: 'a rotation goes on though its session is lost, even in a closed client',
    file: 'client/access/rotation.ts',
    from: 'if (ticket.loss !== undefined) throw ticket.loss',
    to: '',
  },
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
    from: 'await this.attempt(() => context.store.update(update))',
    to: "await this.attempt(() => context.store.update({ ...update, values: { ...update.values, ':commit': { S: context.randomness.token(12) } } }))",
  },
  {
    name: 'a session is used beyond its life',
    file: 'client/session/hold.ts',
    from: 'if (this.aliveUntil > this.context.clock.wallMs()) return true',
    to: 'if (this.aliveUntil > 0) return true',
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
    from: 'return { attrs: this.attributes.all(), createdAt: this.createdAt, rev: this.rev }',
    to: 'this.attributes.load({})\n    return { attrs: {}, createdAt: this.createdAt, rev: this.rev }',
  },
  {
    name: 'what was to be written behind is dropped when a session is let go',
    file: 'client/session/hold.ts',
    from: 'this.chain.flush()\n      this.cohortTimer',
    to: "if (!this.isInUse) this.chain.abandon(new SessionLostError('expired', ''))\n      this.chain.flush()\n      this.cohortTimer",
  },
  // What accesses are told.
  {
    name: 'a read does not wait for the commit whose values it saw',
    file: 'client/session/hold.ts',
    from: 'if (this.unresolved.size === 0) return undefined',
    to: 'return undefined',
  },
  {
    name: 'a write resolves before it is committed',
    file: 'client/access/run.ts',
    from: 'return isWrittenBehind ? undefined : batch',
    to: 'return undefined',
  },
  {
    name: 'a loss during commit() is told as a failure without effect',
    file: 'client/access/run.ts',
    from: "(failure: HoldfastError) => (failure.effect === 'unknown' ? failure : undefined),",
    to: '() => undefined,',
  },
  {
    name: 'the lease is not checked before a held session is used',
    file: 'client/session/hold.ts',
    from: "if (this.phase === 'over' || !this.membership.checkLease()) return false",
    to: "if (this.phase === 'over') return false",
  },
  // The lease.
  {
    name: 'events are handled after the lease',
    file: 'client/process/membership.ts',
    from: 'if (this.isDead || !this.checkLease()) return',
    to: 'if (this.isDead) return',
  },
  {
    name: 'the lease is counted from the answer',
    file: 'client/process/renewals.ts',
    from: 'this.watchSilence()\n    this.extend(sentAt, leaseMs)',
    to: 'this.watchSilence()\n    this.extend(instant(this.clock), leaseMs)',
  },
  {
    name: 'the lease is by the monotonic clock alone',
    file: 'client/process/lease.ts',
    from: 'return Math.min(this.until.wallMs - this.clock.wallMs(), this.until.monotonicMs - this.clock.monotonicMs())',
    to: 'return this.until.monotonicMs - this.clock.monotonicMs()',
  },
  {
    name: 'a lapsed lease is revived by a late renewal',
    file: 'protocol/process/writes.ts',
    from: 'condition: `${KNOWN} AND ${NOT_EVICTED} AND ${LEASE_RUNS} AND leaseUntil <= :until`,',
    to: 'condition: `${KNOWN} AND ${NOT_EVICTED} AND leaseUntil <= :until`,',
  },
  {
    name: 'retire is undone by a late renewal',
    file: 'protocol/process/writes.ts',
    from: "update: 'SET evictedAt = :now, leaseUntil = :over',",
    to: "update: 'SET leaseUntil = :now + :over',",
  },
  {
    name: 'an older renewal shortens the lease on record',
    file: 'protocol/process/writes.ts',
    from: " AND leaseUntil <= :until`,\n  update: 'SET leaseUntil",
    to: "`,\n  update: 'SET leaseUntil",
  },
  {
    name: 'the store reclaims without its margin, and early',
    file: 'protocol/lock/store-decisions.ts',
    from: 'process === undefined || process.leaseUntil + timing.storeMarginMs < nowMs',
    to: 'process === undefined || process.leaseUntil - 4 * timing.storeMarginMs < nowMs',
  },
  {
    name: 'the store never reclaims',
    file: 'protocol/lock/store-decisions.ts',
    from: "if (process === undefined || isLeaseOver(process, timing, nowMs)) return { kind: 'reclaim', tellHolder: false }",
    to: "if (process === undefined) return { kind: 'reclaim', tellHolder: false }",
  },
  {
    name: 'a deaf holder is never evicted',
    file: 'protocol/lock/store-decisions.ts',
    from: 'evict: nudged && process.evictedAt === undefined && isDeaf(lock, noted, process, timing, nowMs),',
    to: 'evict: false,',
  },
  {
    name: 'busy is extended by every resend',
    file: 'protocol/lock/writes.ts',
    from: 'condition: `${HELD_BY} AND attribute_not_exists(busyUntil)`,',
    to: 'condition: HELD_BY,',
  },
  {
    name: 'a busy holder begins its time anew at every ask',
    file: 'client/session/busy-notice.ts',
    from: 'if (this.until !== undefined) this.say()',
    to: 'if (this.until !== undefined) {\n      this.end()\n      this.sayFirst()\n    }',
  },
  {
    name: 'a busy holder keeps no time',
    file: 'client/session/busy-notice.ts',
    from: 'return until !== undefined && (until.wallMs <= clock.wallMs() || until.monotonicMs <= clock.monotonicMs())',
    to: 'return until !== undefined && until.wallMs < 0 && clock.wallMs() < 0',
  },
  {
    name: 'a holder never says busy',
    file: 'client/session/busy-notice.ts',
    from: "else this.timer ??= this.clock.after(this.timing().busyAfterMs, () => this.sayFirst(), 'background')",
    to: '',
  },
  // The queue.
  {
    name: 'a grant barges past the queue',
    file: 'protocol/lock/writes.ts',
    from: "const FREE = 'holder.p = :nobody AND size(waiters) = :zero'",
    to: "const FREE = '(holder.p = :nobody OR size(waiters) > :zero)'",
  },
  {
    name: 'a regrant barges past the queue',
    file: 'protocol/lock/store-decisions.ts',
    from: "return waiters.length === 0 ? { kind: 'regrant', seen: holder, epoch } : { kind: 'handOver', epoch }",
    to: "return { kind: 'regrant', seen: holder, epoch: epoch + 0 * waiters.length }",
  },
  {
    name: 'a raise hands off',
    file: 'protocol/lock/store-decisions.ts',
    from: "if (above !== undefined && epoch <= above && !isOverdue) return { kind: 'raise', seen: holder, epoch, above }",
    to: '',
  },
  {
    name: 'a handoff leaves the ask of the hold before',
    file: 'protocol/lock/writes.ts',
    from: "'REMOVE waiters[0], askedAt, busyUntil',",
    to: "'REMOVE waiters[0], busyUntil',",
  },
  {
    name: 'an emptied queue leaves its ask',
    file: 'protocol/lock/writes.ts',
    from: "${isLast ? ', askedAt' : ''}`,",
    to: '`,',
  },
  {
    name: 'after a handoff nobody asks',
    file: 'protocol/lock/store-decisions.ts',
    from: 'dateAsk: nudged && lock.askedAt === undefined,',
    to: 'dateAsk: false,',
  },
  {
    name: 'an old request is granted again',
    file: 'protocol/lock/store-decisions.ts',
    from: "if (holder.r > me.r) return { kind: 'stale' }",
    to: '',
  },
  {
    name: 'an old request takes the place of a newer one',
    file: 'protocol/lock/store-decisions.ts',
    from: "if (seen.r > me.r) return { kind: 'stale' }",
    to: '',
  },
  {
    name: 'a request onto a free lock is queued',
    file: 'protocol/lock/writes.ts',
    from: "const HELD_BY_OTHER = 'holder.p <> :nobody AND holder.p <> :p'",
    to: "const HELD_BY_OTHER = 'holder.p <> :p AND (holder.p <> :nobody OR holder.p = :nobody)'",
  },
  {
    name: 'a process is queued twice',
    file: 'protocol/lock/writes.ts',
    from: 'AND size(waiters) < :max AND ${NOT_QUEUED}`,',
    to: 'AND size(waiters) < :max`,',
  },
  {
    name: 'a handoff to the last in line',
    file: 'protocol/lock/writes.ts',
    from: "'REMOVE waiters[0], askedAt, busyUntil',\n  values: {\n    ':p': str(from),",
    to: "'REMOVE waiters[1], askedAt, busyUntil',\n  values: {\n    ':p': str(from),",
  },
  {
    name: 'a release of any epoch',
    file: 'protocol/lock/writes.ts',
    from: "const HELD_BY = 'holder.p = :p AND epoch = :epoch'",
    to: "const HELD_BY = 'holder.p = :p AND (epoch = :epoch OR epoch <> :epoch)'",
  },
  {
    name: 'a cancel ignores the grant',
    file: 'protocol/lock/store-decisions.ts',
    from: "if (lock.holder.p === me.p && lock.holder.r <= me.r) return { kind: 'handOver', epoch: lock.epoch }",
    to: '',
  },
  {
    name: 'a cancel removes whoever stands there',
    file: 'protocol/lock/store-decisions.ts',
    from: 'const index = lock.waiters.findIndex((waiter) => waiter.p === me.p && waiter.r <= me.r)',
    to: 'const index = lock.waiters.findIndex((waiter) => waiter.r <= me.r)',
  },
  {
    name: 'a dead waiter is not skipped',
    file: 'functions/next-holder.ts',
    from: 'if (process !== undefined && !isLeaseOver(process, deps.timing, nowMs)) {',
    to: 'if (process === undefined || nowMs > 0) {\n      if (process === undefined) return current',
  },
  {
    name: 'a retried release tells nobody',
    file: 'functions/release.ts',
    from: 'const isFollowed = outcome.applied || found?.epoch === epoch + 1',
    to: 'const isFollowed = outcome.applied',
  },
  {
    name: 'nobody nudges',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(message.nudgeAfterMs, () => this.sendAcquire())',
    to: 'this.timer?.cancel()',
  },
  {
    name: 'an ask is never noted for the renewal',
    file: 'protocol/lock/store-decisions.ts',
    from: 'noteAsk: nudged && noted?.epoch !== lock.epoch && process.evictedAt === undefined,',
    to: 'noteAsk: false,',
  },
  {
    name: 'no revoke is pushed',
    file: 'functions/acquire.ts',
    from: "if (process !== undefined) await deps.push(process, { type: 'revoke', session, epoch: lock.epoch })",
    to: '',
  },
  // The client's answers.
  {
    name: 'a revoke that overtakes its grant is answered with a release',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (outstanding !== undefined) return { kind: 'askedAtBirth' }",
    to: '',
  },
  {
    name: 'a grant that nobody asked for is accepted',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (grant.r === outstanding) return { kind: 'accept' }",
    to: "if (outstanding !== undefined) return { kind: 'accept' }",
  },
  {
    name: 'a grant that nobody asked for is ignored',
    file: 'protocol/lock/client-decisions.ts',
    from: "return { kind: hold !== undefined && grant.epoch > hold.epoch ? 'drop' : 'stay', release }",
    to: "return { kind: 'stay' }",
  },
  {
    name: 'a place in the queue that nobody waits for is kept',
    file: 'protocol/lock/client-decisions.ts',
    from: "return { kind: 'stay', cancel: { r: queued.r } }",
    to: 'return STAY',
  },
  {
    name: 'a queued for the grant that is held gives the lock away',
    file: 'protocol/lock/client-decisions.ts',
    from: 'if (queued.r === outstanding || queued.r === hold?.r) return STAY',
    to: 'if (queued.r === outstanding) return STAY',
  },
  {
    name: 'a revoke is ignored',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (epoch === hold.epoch) return hold.releasing ? STAY : { kind: 'drain' }",
    to: 'if (epoch === hold.epoch) return STAY',
  },
  {
    name: 'a revoke of any epoch is obeyed by dropping the hold unreleased',
    file: 'client/session/local-session.ts',
    from: "        this.hold?.drain('revoked')",
    to: "        this.hold?.loseFor('revoked', 'mutant')",
  },
  {
    name: 'a session is released while accesses run',
    file: 'client/session/hold.ts',
    from: "if (this.phase !== 'draining' || this.isInUse) return",
    to: "if (this.phase !== 'draining') return",
  },
  {
    name: 'a session is released while a commit is under way',
    file: 'client/session/hold.ts',
    from: 'if (!this.chain.isIdle) return',
    to: '',
  },
  {
    name: 'a fenced claim is not raised',
    file: 'client/session/local-session.ts',
    from: "if (claimed.kind === 'fenced' && this.pending.size > 0) return lock.acquireAbove(claimed.fence)",
    to: '',
  },
  {
    name: 'a session is asked for again before its release is answered',
    file: 'client/session/store-lock.ts',
    from: "if (this.state.kind === 'none') this.ask(undefined)",
    to: "if (this.state.kind === 'none' || this.state.kind === 'releasing') this.ask(undefined)",
  },
  {
    name: 'a release without an answer is not sent again',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(this.membership.timing.roundTripMs, () => this.sendRelease())',
    to: '',
  },
  {
    name: 'whoever gives up leaves the process in the queue',
    file: 'client/session/local-session.ts',
    from: 'if (this.pending.size === 0) this.lock.cancel()',
    to: '',
  },
  {
    name: 'accesses that were queued here are forgotten at a release',
    file: 'client/session/hold.ts',
    from: 'this.events.returned(this.locks.takeQueued() as Ticket[])',
    to: 'this.locks.takeQueued()',
  },
  {
    name: 'after a release nobody asks again',
    file: 'client/session/local-session.ts',
    from: 'if (this.pending.size > 0) this.lock.acquire()',
    to: 'if (this.pending.size > 0) return',
  },
  {
    name: 'a reconnect does not send again what is unanswered',
    file: 'client/session/sessions.ts',
    from: 'for (const entry of this.entries.values()) entry.resend()',
    to: '',
  },
  {
    name: 'a process goes on beside its copy',
    file: 'client/process/membership.ts',
    from: 'if (refusal.gen === this.gen) this.die(',
    to: 'if (refusal.gen === 0) this.die(',
  },
  {
    name: 'an older connection replaces a newer one',
    file: 'protocol/process/writes.ts',
    from: 'AND ${NEWER_CONNECTION} AND',
    to: 'AND',
  },
  // Inside the process.
  {
    name: 'exclusive locks share',
    file: 'client/attribute-locks/lanes.ts',
    from: 'for (const name of request.writes) visitor(this.laneOf(name), ALONE)',
    to: 'for (const name of request.writes) visitor(this.laneOf(name), READ)',
  },
  {
    name: 'an access that comes to lock more shares what another holds',
    file: 'client/attribute-locks/deadlocks.ts',
    from: "b.writes.some((name) => permits(a, name, 'shared'))",
    to: 'false',
  },
]
