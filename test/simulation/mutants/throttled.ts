import type { Mutant } from './mutant.js'

/** Bugs in what a process does while the gateway throttles it. */
export const THROTTLED_MUTANTS: readonly Mutant[] = [
  {
    name: 'a message that is turned away closes its connection',
    file: 'client/process/connection.ts',
    from: 'this.events.turnedAway(frame)',
    to: 'this.close()',
  },
  {
    name: 'a connection is taken for half open because its renewals are turned away',
    file: 'client/process/renewals.ts',
    from: '.find(({ monotonicMs }) => monotonicMs > this.turnedAwayAtMs)',
    to: '.at(0)',
  },
  {
    name: 'a hello that is turned away is not said again',
    file: 'client/process/connection.ts',
    from: "if (state.kind === 'greeting') state.greeting.turnedAway(frame)",
    to: "if (state.kind === 'greeting') state.greeting.end()",
  },
  {
    name: 'a renewal that is turned away waits for the next period',
    file: 'client/process/renewals.ts',
    from: 'this.schedule(this.throttling.pauseMs(this.lease.remainingMs))',
    to: '',
    needsStorm: true,
  },
  {
    name: 'a connection over which a hello is turned away is given up',
    file: 'client/process/connection.ts',
    from: 'this.timeout.cancel()\n      this.timeout = this.startTimeout()',
    to: '',
    needsStorm: true,
  },
  {
    name: 'processes that are throttled together try again together',
    file: 'client/process/throttling.ts',
    from: 'return this.randomness.fraction() * Math.max(',
    to: 'return Math.max(',
    needsStorm: true,
  },
  {
    name: 'processes that were throttled never send as often again',
    file: 'client/process/throttling.ts',
    from: 'if (this.clock.monotonicMs() >= this.untilMs) return periodMs',
    to: 'if (this.untilMs < 0) return periodMs',
    needsStorm: true,
  },
  {
    name: 'processes that the gateway refuses to connect wait as if nothing depended on it',
    file: 'client/process/connector.ts',
    from: 'this.openLater(forLeaseMs ?? ceilingMs * this.randomness.fraction())',
    to: 'this.openLater(forLeaseMs === undefined ? ceilingMs * this.randomness.fraction() : 20_000)',
    needsStorm: true,
  },
]
