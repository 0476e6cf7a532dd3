// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the lock record and its queue. */
export const QUEUE_MUTANTS: readonly Mutant[] = [
  // The queue.
  {
    name: 'a grant barges past the queue',
    file: 'protocol/lock/writes.ts',
    from: "const FREE = 'holder.p = :nobody AND size(waiters) = :zero'",
    to: "const FREE = '(holder.p = :nobody OR size(waiters) > :zero)'",
  },
  {
    name: 'a regrant barges past the queue',
    file: 'protocol/lock/acquire.ts',
    from: "return waiters.length === 0 ? { kind: 'regrant', seen: holder, epoch } : { kind: 'handOver', epoch }",
    to: "return { kind: 'regrant', seen: holder, epoch: epoch + 0 * waiters.length }",
  },
  {
    name: 'a raise hands off',
    file: 'protocol/lock/acquire.ts',
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
    file: 'protocol/lock/holder.ts',
    from: 'dateAsk: nudged && lock.askedAt === undefined,',
    to: 'dateAsk: false,',
  },
  {
    name: 'an old request is granted again',
    file: 'protocol/lock/acquire.ts',
    from: "if (holder.r > me.r) return { kind: 'stale' }",
    to: '',
  },
  {
    name: 'an old request takes the place of a newer one',
    file: 'protocol/lock/acquire.ts',
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
    file: 'protocol/lock/join-writes.ts',
    from: 'AND size(waiters) < :max AND ${NOT_QUEUED}` +',
    to: 'AND size(waiters) < :max` +',
  },
  {
    name: 'a handoff to the last in line',
    file: 'protocol/lock/writes.ts',
    from: "'REMOVE waiters[0], askedAt, busyUntil',\n  values: {\n    ':p': str(holder),",
    to: "'REMOVE waiters[1], askedAt, busyUntil',\n  values: {\n    ':p': str(holder),",
  },
  {
    name: 'a release of any epoch',
    file: 'protocol/lock/writes.ts',
    from: "const HELD_BY = 'holder.p = :p AND epoch = :epoch'",
    to: "const HELD_BY = 'holder.p = :p AND (epoch = :epoch OR epoch <> :epoch)'",
  },
  {
    name: 'a cancel ignores the grant',
    file: 'protocol/lock/acquire.ts',
    from: "if (lock.holder.p === me.p && lock.holder.r <= me.r) return { kind: 'handOver', epoch: lock.epoch }",
    to: '',
  },
  {
    name: 'a cancel removes any process that stands there',
    file: 'protocol/lock/acquire.ts',
    from: 'const index = lock.waiters.findIndex((waiter) => waiter.p === me.p && waiter.r <= me.r)',
    to: 'const index = lock.waiters.findIndex((waiter) => waiter.r <= me.r)',
  },
  {
    name: 'a dead waiter is not skipped',
    file: 'protocol/lock/release.ts',
    from: 'process === undefined || isLeaseOver(process, timing, nowMs) ?',
    to: 'process === undefined || (isLeaseOver(process, timing, nowMs) && nowMs < 0) ?',
  },
  {
    name: 'a retried release tells nobody',
    file: 'functions/release.ts',
    from: 'const lock = isFollowed(found, epoch) ?',
    to: 'const lock = applied && isFollowed(found, epoch) ?',
  },
  {
    name: 'nobody nudges',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(this.membership.stretched(message.nudgeAfterMs), () => this.sendAcquire())',
    to: 'this.timer?.cancel()',
  },
  {
    name: 'an ask is never noted for the renewal',
    file: 'protocol/lock/holder.ts',
    from: 'note: nudged && process.evictedAt === undefined ?',
    to: 'note: nudged && nowMs < 0 ?',
  },
  {
    name: 'an ask that finds no room is forgotten',
    file: 'functions/reclaim.ts',
    from: '  await deps.store.update(noteMore(holder))',
    to: '  void noteMore(holder)',
  },
  {
    name: 'a renewal never says that there are more asks',
    file: 'protocol/process/renewal.ts',
    from: 'process.moreAsks === undefined ? {}',
    to: 'process.moreAsks !== 0 ? {}',
  },
  {
    name: 'a keep finds no ask',
    file: 'functions/release.ts',
    from: 'return waiters.length > 0 ?',
    to: 'return waiters.length > 64 ?',
  },
  {
    name: 'a process looks only once for asks that no renewal names',
    file: 'client/process/membership.ts',
    from: 'if (this.more === more) return',
    to: 'if (this.more === more || this.more !== undefined) return',
  },
  {
    name: 'a minimum hold goes on while accesses come',
    file: 'client/session/hold.ts',
    from: 'this.minimumUntilMs = context.clock.monotonicMs() + minimumMs',
    to: 'this.minimumUntilMs = minimumMs > 0 ? 1e12 : 0',
  },
  {
    name: 'a minimum hold counts from the last access',
    file: 'client/session/minimum-hold.ts',
    from: '    if (this.held.isAtWork) return\n    this.turn ??=',
    to: '    this.timer?.cancel()\n    Object.assign(this, { untilMs: this.clock.monotonicMs() + 200 })\n    this.timer = this.clock.after(200, () => this.held.drain(), "background")\n    if (this.held.isAtWork) return\n    this.turn ??=',
  },
  {
    name: 'a revoke is forgotten once the minimum hold is over',
    file: 'client/session/hold.ts',
    from: "if (this.state === 'open' && this.minimum === undefined) this.ending.begin()",
    to: "if (this.state === 'open' && this.minimum === undefined && this.isAtWork) this.ending.begin()",
  },
  {
    name: 'an unused hold stands until its minimum is over',
    file: 'client/session/minimum-hold.ts',
    from: 'this.clock.after(0, () => this.endIfUnused()',
    to: 'this.clock.after(250, () => this.endIfUnused()',
  },
  {
    name: 'accesses that are queued begin however long others have waited',
    file: 'client/session/minimum-hold.ts',
    from: 'Math.max(0, this.sinceMs + COHORT_MS - this.clock.monotonicMs())',
    to: '60_000',
  },
  {
    name: 'no revoke is pushed',
    file: 'functions/next-holder.ts',
    from: 'const isThere = await deps.push(to, message)',
    to: "const isThere = message.type === 'revoke' || (await deps.push(to, message))",
  },
]
