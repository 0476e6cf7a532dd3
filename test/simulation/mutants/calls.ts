// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in calls, options and worker threads. */
export const CALL_MUTANTS: readonly Mutant[] = [
  // Deletions, and commits of many attributes.
  {
    name: 'a deletion is not committed',
    file: 'client/state/state-view.ts',
    from: 'const cached = this.source.encoded(name)\n',
    to: 'if (value === DELETED) continue\n      const cached = this.source.encoded(name)\n',
  },
  {
    name: 'a deleted attribute stays in the cache',
    file: 'client/state/attribute-cache.ts',
    from: 'this.attributes.delete(name)\n      if (encoded !== undefined)',
    to: 'if (encoded !== undefined)',
  },
  {
    name: 'a commit of many attributes drops the others',
    file: 'client/state/commit-chain.ts',
    from: 'attrs: this.context.attributes(),',
    to: 'attrs: Object.fromEntries([...batch.changes].filter(([, value]) => value !== undefined)),',
  },
  // Locks of whole sessions.
  {
    name: 'an access under all goes beside others',
    file: 'client/attribute-locks/lanes.ts',
    from: "(whole === 'exclusive' ? ALONE : READ)",
    to: "(whole === 'exclusive' ? READ : READ)",
  },
  {
    name: 'an access that reads everything goes beside one that writes',
    file: 'client/attribute-locks/lanes.ts',
    from: "if (writes.length === 0) return whole === 'shared' ? READ : NOTHING",
    to: 'if (writes.length === 0) return NOTHING',
  },
  // Peeks, creations, lives.
  {
    name: 'a peek gives what is cached, and perhaps never committed',
    file: 'client/holdfast.ts',
    from: 'return peek(this.context, key, this.closed.signal)',
    to: 'const peeked = await peek(this.context, key, this.closed.signal)\n    const held = this.sessions.known.get(key)?.hold?.attributes\n    if (peeked === undefined || held === undefined) return peeked\n    return { ...peeked, state: Object.fromEntries([...held.names()].map((name) => [name, held.read(name)])) }',
  },
  {
    name: 'a peek finds a session that is destroyed',
    file: 'client/access/peek.ts',
    from: 'if (!isAlive(record, nowMs)) return undefined',
    to: 'if (record === undefined) return undefined',
  },
  {
    name: 'a session is created without its first attributes',
    file: 'client/holdfast.ts',
    from: 'session.content.adopt(attributes)',
    to: 'void attributes',
  },
  {
    name: 'a fixed life is extended',
    file: 'client/session/life.ts',
    from: 'if (ttlMs === undefined && this.isFixed) return this.fixedUntilMs\n    return untilWith(this, ttlMs ?? this.ttlMs, this.clock.wallMs())',
    to: 'return this.clock.wallMs() + (ttlMs ?? this.ttlMs)',
  },
  {
    name: 'a lock that is held for days is never kept',
    file: 'client/session/held-sessions.ts',
    from: 'private keepDaily(): void {\n    this.keepAll()',
    to: 'private keepDaily(): void {',
  },
  {
    name: 'the cap on cached bytes lets no session go',
    file: 'client/session/held-sessions.ts',
    from: 'this.order.size > heldSessionsMax || this.cachedBytes > cachedBytesMax',
    to: 'this.order.size > heldSessionsMax',
  },
  {
    name: 'the bytes of a session that was given back still count',
    file: 'client/session/held-sessions.ts',
    from: 'this.cachedBytes -= session.countedBytes',
    to: '',
  },
  // Schemas.
  {
    name: "a schema's output is stored though nobody read it to change it",
    file: 'client/state/attribute-cache.ts',
    from: 'map(([name, { encoded }]) => [name, encoded])',
    to: 'map(([name, { encoded, current }]) => [name, current ?? encoded])',
  },
  {
    name: 'an access reads past the schema',
    file: 'client/state/attribute-cache.ts',
    from: '? this.encodeAsRuled(name, this.rules.schemas.apply(name, decode(encoded)))',
    to: '? encoded',
  },
  // Worker threads.
  {
    name: 'a commit of a worker thread counts as landed only when it has',
    file: 'client/worker/attributes.ts',
    from: '    this.apply(changes)\n    this.sent',
    to: '    this.sent',
  },
  {
    name: 'a worker thread that ends keeps its locks',
    file: 'client/worker/host.ts',
    from: 'call.controller.abort(WORK_DROPPED)\n      call.drop()',
    to: 'call.controller.abort(WORK_DROPPED)',
  },
  {
    name: 'a worker thread that ends while it commits calls that a failure without effect',
    file: 'client/worker/calls.ts',
    from: 'const isUnknown = writing.has(n) || (call.isFinishing && !isAnswered)',
    to: 'const isUnknown = false',
  },
  // Connections.
  {
    name: 'a hello of another role takes over a process',
    file: 'protocol/process/writes.ts',
    from: "'secretHash = :secretHash AND principal = :principal'",
    to: "'secretHash = :secretHash AND (principal = :principal OR attribute_exists(principal))'",
  },
  {
    name: 'the session name of the role is compared',
    file: 'protocol/process/principal.ts',
    from: "'$1')",
    to: "'$&')",
  },
  {
    name: '$disconnect removes the record of the connection after it',
    file: 'functions/disconnect.ts',
    from: "deps.store.remove('locks', connectionKey(connectionId))",
    to: "deps.store.get('locks', connectionKey(connectionId)).then((own) => own && deps.store.get('locks', `P#${own.processId.S}`)).then((process) => process && deps.store.remove('locks', connectionKey(process.connectionId.S)))",
  },
]
