// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the turns of principals, and in the places that each may have. */
export const TURN_MUTANTS: readonly Mutant[] = [
  {
    name: 'principals take no turns',
    file: 'protocol/lock/release.ts',
    from: 'const turn = lock?.isMixed ? nextIn(lock) : undefined',
    to:
      'const first = lock?.isMixed ? lock.waiters[0] : undefined\n' +
      '  const turn = first && nextIn(lock as LockRecord) && { next: first, index: 0 }',
  },
  {
    name: 'a queue is not known to be of several principals',
    file: 'protocol/lock/join-writes.ts',
    from: "(isMixed ? ', mixed = :yes' : ''),",
    to: "(isMixed ? ', mixedUp = :yes' : ''),",
  },
  {
    name: 'a request that makes a queue one of several is queued as if it did not',
    file: 'protocol/lock/join-writes.ts',
    from: "${isMixed ? '' : likeFirst}`,",
    to: "${isMixed ? '' : likeFirst.slice(0, 0)}`,",
  },
  {
    name: 'a turn begins with the first mark, whoever holds',
    file: 'protocol/lock/queue.ts',
    from: "const last = lock.holder === undefined ? '' : markIn(lock, lock.holder)",
    to: "const last = lock.holder === undefined ? markIn(lock, { p: '', r: 0 }).slice(0, 0) : ''",
  },
  {
    name: 'the oldest waiter of a principal loses its place to another one',
    file: 'protocol/lock/queue.ts',
    from: 'const displaced = longest.at(-1)',
    to: 'const displaced = longest[0]',
  },
]
