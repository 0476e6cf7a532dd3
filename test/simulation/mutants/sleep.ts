import type { Mutant } from './mutant.js'

/** Bugs in the sleep of processes that have nothing to do. */
export const SLEEP_MUTANTS: readonly Mutant[] = [
  {
    name: 'a process falls asleep while it holds sessions, or while accesses wait',
    file: 'client/session/sessions.ts',
    from: 'this.idleRenewals = this.known.size > 0 || this.isClosing ? 0 : this.idleRenewals + 1',
    to: 'this.idleRenewals = this.isClosing ? 0 : this.idleRenewals + 1',
  },
  {
    name: 'a process that sleeps still renews',
    file: 'client/session/sessions.ts',
    from: 'this.bidFarewell(membership.retire())',
    to: 'void membership',
  },
  {
    name: 'a process never sleeps',
    file: 'client/session/sessions.ts',
    from: 'this.idleRenewals < SLEEP_AFTER_LEASES * RENEWALS_PER_LEASE',
    to: 'this.idleRenewals < 1_000 * SLEEP_AFTER_LEASES * RENEWALS_PER_LEASE',
  },
  {
    name: 'an access does not tell that its process is in use',
    file: 'client/session/sessions.ts',
    from: '    this.idleRenewals = 0\n    if (this.membership !== undefined)',
    to: '    if (this.membership !== undefined)',
  },
  {
    name: 'a process goes on under the id that it had before it slept',
    file: 'client/session/sessions.ts',
    from: '    this.membership = undefined\n    this.idleRenewals = 0\n    this.reach.unneeded()',
    to: '    this.reach.unneeded()',
  },
  {
    name: 'the connection that stands by is not replaced, and too old when its process wakes',
    file: 'client/process/stand-by.ts',
    from: 'this.timer = this.replaceAfter(STAND_BY_PERIOD_MS *',
    to: 'this.timer = this.replaceAfter(100 * STAND_BY_PERIOD_MS *',
  },
  {
    name: 'a process that wakes leaves the connection that stood by, and opens another',
    file: 'client/process/stand-by.ts',
    from: 'return spare?.give(events) ?? this.transport.open(events)',
    to: 'return this.transport.open(events)',
  },
  {
    name: 'a client that closes leaves the connection that stands by',
    file: 'client/session/sessions.ts',
    from: '    this.standBy.end()\n    await membership?.retire()',
    to: '    await membership?.retire()',
  },
  {
    name: 'nobody is told that the connection that stood by is open',
    file: 'client/process/stand-by.ts',
    from: 'if (this.openedAt === undefined) return',
    to: 'if (this.openedAt !== undefined) return',
  },
]
