// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs that cost sessions, connections or messages for no reason; and one that never ends. */
export const REASON_MUTANTS: readonly Mutant[] = [
  // Sessions.
  {
    name: 'a session is given back after each use, though nobody waits for it',
    file: 'client/session/hold.ts',
    from: 'if (this.context.options.isReleasedAfterAccess && this.isOpen && !this.accesses.isAny) this.drain()',
    to: 'if (this.isOpen && !this.accesses.isAny) this.drain()',
  },
  {
    name: 'an ask of a former grant makes the next one wanted',
    file: 'client/session/store-lock.ts',
    from: 'askedEpoch >= message.epoch',
    to: 'askedEpoch > 0',
  },
  {
    name: 'a busy holder loses the session after half of its time',
    file: 'client/session/busy-notice.ts',
    from: 'const ms = Math.max(1, maxBusyMs - clientMarginMs)',
    to: 'const ms = maxBusyMs / 2',
  },
  // Connections.
  {
    name: 'a renewal that is answered within the usual time ends the connection',
    file: 'client/process/renewals.ts',
    from: 'const silentMs = Math.min(2 * roundTripMs, leaseMs / 2)',
    to: 'const silentMs = roundTripMs / 50',
  },
  {
    name: 'the next connection is opened after seconds',
    file: 'client/process/connector.ts',
    from: 'return CONNECTION_LIFETIME_MS - CONNECTION_EARLY_MS * (1 + this.randomness.fraction())',
    to: 'return CONNECTION_EARLY_MS / 200',
  },
  {
    name: 'the record of a closed connection stays',
    file: 'functions/lambda/handlers.ts',
    from: 'await time.within(() => disconnected(deps, connectionId))',
    to: 'await time.within(async () => disconnected)',
  },
  // Messages.
  {
    name: 'an acquire is sent again before it can be answered',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(this.membership.stretched(this.membership.timing.roundTripMs), () => this.sendAcquire())\n    const { r',
    to: 'this.setTimer(10, () => this.sendAcquire())\n    const { r',
  },
  {
    name: 'a release is sent again before it can be answered',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(this.membership.timing.roundTripMs, () => this.sendRelease())',
    to: 'this.setTimer(10, () => this.sendRelease())',
  },
  {
    name: 'the function of a route does not take its message',
    file: 'functions/dispatch.ts',
    from: 'export const GRANT_HANDLERS: Handlers = { acquire, cancel }',
    to: 'export const GRANT_HANDLERS: Handlers = { acquire }',
  },
  {
    name: 'looking for idle sessions never ends while one is in use',
    file: 'client/session/held-sessions.ts',
    from: 'if (oldest.isInUse) this.used(oldest, nowMs)',
    to: 'if (oldest.isInUse) this.used(oldest, oldest.lastUsedMs)',
  },
]
