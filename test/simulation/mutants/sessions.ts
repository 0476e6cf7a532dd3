// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in calls that end, move, keep open or share a session inside an access. */
export const SESSION_MUTANTS: readonly Mutant[] = [
  // session.destroy, session.rotate.
  {
    name: 'a rotation inside an access leaves the ticket under the old hold',
    file: 'client/access/access-session.ts',
    from: 'this.ticket = moved.ticket',
    to: 'void moved.ticket',
  },
  {
    name: 'a rotation inside an access goes on with the old hold',
    file: 'client/access/access-session.ts',
    from: 'this.hold = moved.hold',
    to: 'void moved.hold',
  },
  {
    name: 'a rotation leaves the changes of its access behind',
    file: 'client/access/rotation.ts',
    from: 'await hold.rotate(ticket, target, changes, ttlMs)',
    to: 'await hold.rotate(ticket, target, NO_CHANGES, ttlMs)',
  },
  {
    name: 'destroy inside an access lets a queued access in before the tombstone',
    file: 'client/session/hold.ts',
    from: 'await this.orLose(this.chain.destroy())\n    this.accesses.detach(ticket)',
    to: 'this.accesses.leave(ticket)\n    await this.orLose(this.chain.destroy())\n    this.accesses.detach(ticket)',
  },
  {
    name: 'destroy inside an access resolves before the tombstone is written',
    file: 'client/access/outermost-session.ts',
    from: 'await this.destruction\n',
    to: 'void this.destruction.catch(() => {})\n',
  },
  {
    name: 'those who wait here for a session that has ended go on waiting',
    file: 'client/session/local-session.ts',
    from: "this.waiting.fail(missing, ({ role }) => role === 'access')",
    to: 'void missing',
  },
  {
    name: 'an access that has destroyed its session commits what it changed before',
    file: 'client/access/access-session.ts',
    from: 'return this.hold.destroy(this.ticket)',
    to: "const dropped = this.made?.changes()\n    this.hold.take(this.ticket.request, dropped, 'now')\n    return this.hold.destroy(this.ticket)",
  },
  // open, close, disposal, run.
  {
    name: 'session.close resolves before the commit landed',
    file: 'client/access/opened-session.ts',
    from: 'await commit([this])',
    to: 'void commit([this])?.catch(() => {})',
  },
  {
    name: 'session.close does not wait for the commit whose values it saw',
    file: 'client/access/opened-session.ts',
    from: 'await commit([this])',
    to: 'if (this.changes() === undefined) {\n        this.end()\n        this.hold.leave(this.ticket)\n      } else await commit([this])',
  },
  {
    name: 'disposal without close commits',
    file: 'client/access/opened-session.ts',
    from: 'this.hold.held.touchIfDueAt(this.hold.context.clock.wallMs())\n    this.leave()',
    to: "const discarded = this.changes()\n    if (discarded !== undefined) this.hold.take(this.ticket.request, discarded, 'now')\n    this.leave()",
  },
  {
    name: 'disposal keeps the locks',
    file: 'client/access/opened-session.ts',
    from: 'this.end()\n      this.hold.leave(this.ticket)',
    to: 'this.end()',
  },
  {
    name: 'an access inside session.run waits for the session around it',
    file: 'client/access/outermost-session.ts',
    from: 'return await task.run(work)',
    to: 'return await work()',
  },
  // Lifetimes of sessions.
  {
    name: 'the lifetime of a session is not carried by a rotation',
    file: 'client/state/commit-chain.ts',
    from: 'commitId, attrs, ...life })',
    to: 'commitId, attrs, ...life, ttlMs: undefined })',
  },
  {
    name: 'the lifetime of a session is stored, and does not count',
    file: 'client/session/life.ts',
    from: 'return untilWith(this, ttlMs ?? this.ttlMs, this.clock.wallMs())',
    to: 'return untilWith(this, this.options.ttlMs, this.clock.wallMs())',
  },
  {
    name: 'the next holder forgets the lifetime of a session',
    file: 'client/session/life.ts',
    from: 'this.ownTtlMs = record.ttlMs',
    to: 'this.ownTtlMs = undefined',
  },
  {
    name: 'an access with no other change does not store the lifetime that it gives',
    file: 'client/session/held-state.ts',
    from: 'this.life.isNew || isOtherTtl(this.life, ttlMs)',
    to: 'this.life.isNew',
  },
  {
    name: 'the lifetime that a worker thread sets is forgotten',
    file: 'client/worker/session.ts',
    from: 'this.link.setTtl(ttlMs)',
    to: '',
  },
  // Nested accesses.
  {
    name: 'a nested access that fails leaves one attribute',
    file: 'client/state/nested-state.ts',
    from: 'for (const [name, savepoint] of this.savepoints) if',
    to: 'for (const [name, savepoint] of [...this.savepoints].slice(1)) if',
  },
  {
    name: 'a nested access resolves before it is committed',
    file: 'client/access/join.ts',
    from: "if (durability === 'access') await commitAll(sessions)",
    to: '',
  },
  {
    name: 'a nested access that fails undoes what it has committed, where that was stored before',
    file: 'client/state/savepoint.ts',
    from: 'this.own === undefined || this.commits > 0 ||',
    to: 'this.own === undefined ||',
  },
  // Ids that are given.
  {
    name: 'two creations of one id both succeed',
    file: 'client/holdfast.ts',
    from: "if (!session.isNew) throw inUse('id')",
    to: '',
  },
  {
    name: 'a creation succeeds though another has made the session since it looked',
    file: 'client/holdfast.ts',
    from: "if (!session.isNew) throw inUse('id')",
    to: 'if (!session.isNew) return',
  },
  {
    name: "a client's own ifMissing is not heeded",
    file: 'client/options/access-options.ts',
    from: 'compileIfMissing(options.ifMissing ?? ifMissing)',
    to: "compileIfMissing(options.ifMissing ?? 'create')",
  },
]
