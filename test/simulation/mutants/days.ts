import type { Mutant } from './mutant.js'

/** Bugs that show after hours or days. */
export const DAYS_MUTANTS: readonly Mutant[] = [
  {
    name: 'a lock that is held for days is kept once',
    file: 'client/session/held-sessions.ts',
    from: "    this.keepAll()\n    this.keepTimer = this.context.clock.after(KEEP_PERIOD_MS, () => this.keepDaily(), 'background')",
    to: '    this.keepAll()',
  },
  {
    name: 'a commit leaves the time when TTL removes its session as it was',
    file: 'protocol/state/writes.ts',
    from: 'aliveUntil = :alive, expiresAt = :expires$',
    to: 'aliveUntil = :alive, expiresAt = if_not_exists(expiresAt, :expires)$',
  },
  {
    name: 'a renewal does not keep the process from TTL',
    file: 'protocol/process/writes.ts',
    from: "update: 'SET leaseUntil = :until, renewedAt = :now, expiresAt = :expires',",
    to: "update: 'SET leaseUntil = :until, renewedAt = :now, expiresAt = if_not_exists(expiresAt, :expires)',",
  },
  {
    name: 'the next connection is opened when the gateway has cut the one before',
    file: 'client/process/connector.ts',
    from: 'return CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS * (1 + this.randomness.fraction())',
    to: 'return CONNECTION_LIFETIME_MS + CONNECTION_EARLY_MS * (1 + this.randomness.fraction())',
  },
  {
    name: 'a connection is replaced far too often',
    file: 'client/process/connector.ts',
    from: 'return CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS * (1 + this.randomness.fraction())',
    to: 'return CONNECTION_EARLY_MS * (1 + this.randomness.fraction())',
  },
  {
    name: 'a touch does not extend the life of a session that is only read',
    file: 'client/session/held-state.ts',
    from: "if (this.life.isTouchDueAt(nowMs) && this.chain.isIdle) this.chain.stage(NO_CHANGES, 'now')",
    to: '',
  },
]
