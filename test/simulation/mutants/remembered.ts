// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the memory that functions have of processes, and clients of sessions that went to others. */
export const REMEMBERED_MUTANTS: readonly Mutant[] = [
  {
    name: 'a lock is taken back by the lease that was read first',
    file: 'functions/next-holder.ts',
    from: "const process = readProcess(await deps.store.get('locks', processKey(processId)))",
    to:
      'const memory = deps.processes as any\n' +
      "  const process = (memory[processId] ??= readProcess(await deps.store.get('locks', processKey(processId))))",
  },
  {
    name: 'a process is remembered beyond the lease that was read',
    file: 'functions/known-processes.ts',
    from: 'if (found === undefined || found.leaseUntil >= this.nowMs()) return found',
    to: 'if (found === undefined || this.nowMs() > 0) return found',
  },
  {
    name: 'a remembered connection that is gone is taken for one that works',
    file: 'functions/next-holder.ts',
    from: 'return isThere\n',
    to: 'return true\n',
  },
  {
    name: 'a lease is remembered as longer than it was read',
    file: 'functions/known-processes.ts',
    from: 'this.known.set(processId, { connectionId, endpoint, label, leaseUntil })',
    to: 'this.known.set(processId, { connectionId, endpoint, label, leaseUntil: leaseUntil + 10_000 })',
  },
  {
    name: 'a sender that was told of a holder is queued where there is none',
    file: 'protocol/lock/join-writes.ts',
    from: 'condition: `${HELD_BY_OTHER} AND ${NOBODY_WAITS} AND ${seat.isOf}`,',
    to: 'condition: `${NOBODY_WAITS} AND ${seat.isOf}`,',
  },
]
