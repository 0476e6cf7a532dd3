// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the life of a process: lease and connections. */
export const LEASE_MUTANTS: readonly Mutant[] = [
  // The lease.
  {
    name: 'events are handled after the lease',
    file: 'client/process/membership.ts',
    from: 'isOver: () => this.endIfLeaseOver(),',
    to: "isOver: () => this.state.kind === 'over',",
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
    from: 'Math.min(until.wallMs - now.wallMs, until.monotonicMs - now.monotonicMs)',
    to: 'until.monotonicMs - now.monotonicMs',
  },
  {
    name: 'a process id that is over goes on hearing while it retires',
    file: 'client/process/connection.ts',
    from: "if (message.type === 'noted' && message.of === 'retire') this.close()",
    to: "if (message.type === 'noted' && message.of === 'retire') this.close()\n      else if (message.type !== 'welcome') this.events.received(message)",
  },
  {
    name: 'the next process id retires in place of the one that is over',
    file: 'client/session/sessions.ts',
    from: 'await former.retire()',
    to: 'await (this.membership ?? former).retire()',
  },
  {
    name: 'a process id that is over keeps its connection',
    file: 'client/process/membership.ts',
    from: 'await last?.retire(this.timing.roundTripMs)',
    to: 'void last',
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
    file: 'protocol/lock/holder.ts',
    from: "process.leaseUntil + termOf(process, timing, 'storeMarginMs') < nowMs",
    to: 'process.leaseUntil - 4 * timing.storeMarginMs < nowMs',
  },
  {
    name: 'the store never reclaims',
    file: 'protocol/lock/holder.ts',
    from: "if (process === undefined || isLeaseOver(process, timing, nowMs)) return { kind: 'reclaim', tellHolder: false }",
    to: "if (process === undefined) return { kind: 'reclaim', tellHolder: false }",
  },
  {
    name: 'a deaf holder is never evicted',
    file: 'protocol/lock/holder.ts',
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
    from: 'if (this.clock.monotonicMs() - this.saidAtMs >= this.timing().roundTripMs) this.sayNow()',
    to: 'this.timer?.cancel()\n      this.sayFirst()',
  },
  {
    name: 'a busy holder keeps no time',
    file: 'client/session/busy-notice.ts',
    from: 'return until !== undefined && (until.wallMs <= now.wallMs || until.monotonicMs <= now.monotonicMs)',
    to: 'return until !== undefined && until.wallMs < 0 && now.wallMs < 0',
  },
  {
    name: 'a holder never says busy',
    file: 'client/session/busy-notice.ts',
    from: "else this.timer ??= this.clock.after(this.timing().busyAfterMs, () => this.sayFirst(), 'background')",
    to: '',
  },
]
