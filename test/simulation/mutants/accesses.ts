// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the outcomes of accesses, in events, and in the locks inside a process. */
export const ACCESS_MUTANTS: readonly Mutant[] = [
  // Accesses that hang together.
  {
    name: 'a listener is inside the access that caused the event',
    file: 'client/events.ts',
    from: 'outsideAccesses(() => soon(() => this.publish(event, ...args)))',
    to: 'soon(() => this.publish(event, ...args))',
  },
  {
    name: 'an access that has lost one session goes on with the others',
    file: 'client/access/run.ts',
    from: 'if (session.isDestroyed) continue',
    to: 'continue',
  },
  {
    name: 'an access begins with sessions whose life has ended while it waited for others',
    file: 'client/access/enter-many.ts',
    from: 'for (const { hold } of entered.values()) hold.endIfLostOrExpired()',
    to: '',
  },
  {
    name: 'signals are aborted before those that waited are handed back',
    file: 'client/session/local-accesses.ts',
    from: 'const waiting = locks.clear() as Ticket[]',
    to: 'const waiting = locks.clear() as Ticket[]; for (const ticket of running.clear()) ticket.lose(loss)',
  },
  // Outcomes of accesses.
  {
    name: 'a read does not wait for the commit whose values it saw',
    file: 'client/session/held-state.ts',
    from: 'if (this.unresolved === undefined || this.unresolved.isEmpty) return undefined',
    to: 'return undefined',
  },
  {
    name: 'a write resolves before it is committed',
    file: 'client/access/commit.ts',
    from: 'hold.leave(ticket, now)\n  return batch',
    to: 'hold.leave(ticket, now)\n  return undefined',
  },
  {
    name: 'a loss during commit() is told as a failure without effect',
    file: 'client/access/outcome.ts',
    from: "(failure: HoldfastError) => (failure.effect === 'unknown' ? failure : undefined),",
    to: '() => undefined,',
  },
  {
    name: 'the lease is not checked before a held session is used',
    file: 'client/session/hold.ts',
    from: "if (this.state === 'over' || !this.validity.isLeaseRunningAt(now)) return true",
    to: "if (this.state === 'over') return true",
  },
  // Inside the process.
  {
    name: 'exclusive locks share',
    file: 'client/attribute-locks/lanes.ts',
    from: 'for (const name of request.writes) visitor(this.laneOf(name), ALONE)',
    to: 'for (const name of request.writes) visitor(this.laneOf(name), READ)',
  },
  {
    name: 'an access that locks more shares what another holds',
    file: 'client/attribute-locks/deadlocks.ts',
    from: "b.writes.some((name) => permits(a, name, 'shared'))",
    to: 'false',
  },
]
