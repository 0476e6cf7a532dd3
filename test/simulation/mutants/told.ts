// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in what callers are told, and in whom the functions tell. */
export const TOLD_MUTANTS: readonly Mutant[] = [
  {
    name: 'an access that may change, and does not, does not wait for the commit that it saw',
    file: 'client/state/unresolved.ts',
    from: 'for (const names of [request.writes, request.reads]) {',
    to: 'for (const names of [request.reads]) {',
  },
  {
    name: 'a rotation whose answer was lost is called a failure without effect',
    file: 'client/state/commit-chain.ts',
    from: 'if (!value.applied && !haveLanded(value, ids)) {\n      throw refusal(value.items[1] ?? value.items[0], mayHaveLanded)',
    to: 'if (!value.applied) {\n      haveLanded(value, ids)\n      throw refusal(value.items[1] ?? value.items[0], mayHaveLanded && false)',
  },
  {
    name: 'a cancel of a request that was granted does not tell the next in line',
    file: 'functions/acquire.ts',
    from: 'const passed = await passOn(deps, sender, session, step.epoch, lock)',
    to: 'const passed = await handOver(deps, session, { holder: me.p, epoch: step.epoch }, lock)',
  },
  {
    name: 'those who wait for a lock are asked for it, too',
    file: 'functions/reclaim.ts',
    from: 'if (process !== undefined) await tell(deps, holder, process, revoke)',
    to:
      'if (process !== undefined) await tell(deps, holder, process, revoke)\n' +
      '  for (const { p } of lock.waiters) {\n' +
      '    const known = deps.processes.recall(p)\n' +
      '    if (known !== undefined) await tell(deps, p, known, revoke)\n' +
      '  }',
  },
  {
    name: 'an access that gives up is told of a refusal, though it is queued since',
    file: 'client/session/store-lock.ts',
    from: '    this.lastRefusal = undefined\n    this.position',
    to: '    this.position',
  },
  {
    name: 'an access that gives up is told the place that it had first',
    file: 'client/session/store-lock.ts',
    from: 'this.position = message.position',
    to: 'this.position ??= message.position',
  },
  {
    name: 'the last access is that before the session was granted',
    file: 'client/session/hold.ts',
    from: 'this.life.accessedAt = now.wallMs',
    to: '',
  },
  {
    name: 'a session counts as created when it was granted',
    file: 'client/session/life.ts',
    from: 'this.createdAt = record.createdAt',
    to: 'this.createdAt = clock.wallMs()',
  },
  {
    name: 'a session that is made anew after an expired one is not called new',
    file: 'client/access/access-session.ts',
    from: 'return this.hold.life.isNew',
    to: 'return this.hold.rev === 0',
  },
  {
    name: 'an access is not told that others wait',
    file: 'client/access/access-session.ts',
    from: 'return this.ticket.isWanted',
    to: 'return this.ticket.isWanted && this.hold.isOpen',
  },
]
