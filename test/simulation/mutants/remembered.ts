// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the memory that functions have of processes, and clients of sessions that went to others. */
export const REMEMBERED_MUTANTS: readonly Mutant[] = [
  {
    name: 'a lock is taken back from a holder whose remembered lease is over',
    file: 'functions/reclaim.ts',
    from: 'const { process } = read ?? { process: await fetchProcess(deps, holder) }',
    to:
      'const isOver = (deps.processes as any).known.get(holder)?.leaseUntil < deps.nowMs()\n' +
      '  const { process } = isOver ? { process: undefined } : (read ?? { process: await fetchProcess(deps, holder) })',
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
    name: 'a nudge goes by what is remembered of the holder',
    file: 'protocol/lock/holder.ts',
    from: '!nudged && lock.busyUntil === undefined',
    to: 'lock.busyUntil === undefined',
  },
  {
    name: 'a lease is remembered as longer than it was read',
    file: 'functions/known-processes.ts',
    from: 'this.known.set(processId, { connectionId, endpoint, label, leaseUntil })',
    to: 'this.known.set(processId, { connectionId, endpoint, label, leaseUntil: leaseUntil + 10_000 })',
  },
  {
    name: 'a sender that was told of a holder is queued where there is none',
    file: 'protocol/lock/writes.ts',
    from: 'condition: `${HELD_BY_OTHER} AND ${NOBODY_WAITS}`,',
    to: 'condition: NOBODY_WAITS,',
  },
]
