import type { Mutant } from './mutant.js'

/** Bugs while a stack is deployed: its incarnation and its timing change. */
export const LIVING_MUTANTS: readonly Mutant[] = [
  {
    name: 'a process ends where a function names an older incarnation',
    file: 'client/process/membership.ts',
    from: 'if (!(heard > this.incarnation)) return false',
    to: 'if (heard === this.incarnation) return false',
    isRolling: true,
  },
  {
    name: 'a function remembers the incarnation for ever',
    file: 'functions/known-incarnation.ts',
    from: 'this.known !== undefined && this.known.untilMs > this.nowMs()',
    to: 'this.known !== undefined && this.nowMs() > 0',
    isRolling: true,
  },
  {
    name: 'a process is greeted with an incarnation that was read before',
    file: 'functions/hello.ts',
    from: 'deps.incarnation.read()',
    to: 'deps.incarnation.recall()',
    isRolling: true,
  },
  {
    name: 'a later welcome starts a lease by its timing',
    file: 'client/process/membership.ts',
    from: 'if (gen === 1) this.renewals.begin(sentAt, leaseMs)\n    else this.renew()',
    to: 'this.renewals.begin(sentAt, gen === 1 ? leaseMs : timing.leaseMs)',
    isRolling: true,
  },
  {
    name: 'a process is told a timing with a renewal that the store may not keep to',
    file: 'functions/renewals.ts',
    from: '(await putTermsOnRecord(deps, processId, process)) ? extendLease(deps, processId) : process',
    to: 'process',
    isRolling: true,
  },
]
