import type { Mutant } from './mutant.js'

/** Bugs by which a process does not end, or ends too early, and bugs by which a client fills up. */
export const LEFTOVER_MUTANTS: readonly Mutant[] = [
  {
    name: 'a session that is held keeps the process from ending',
    file: 'client/session/held-sessions.ts',
    from: "() => this.releaseIdle(), 'background')",
    to: "() => this.releaseIdle(), 'awaited')",
  },
  {
    name: 'a process may end while an access waits',
    file: 'client/session/wait.ts',
    from: "this.giveUp(explainTimeout(this.waitedMs)), 'awaited')",
    to: "this.giveUp(explainTimeout(this.waitedMs)), 'background')",
  },
  {
    name: 'close leaves the timer of its drain',
    file: 'client/access/run.ts',
    from: '        this.quieting?.timer.cancel()\n        this.quieting = undefined',
    to: '        this.quieting = undefined',
  },
  {
    name: 'a listener stays on the signal of the caller',
    file: 'client/abort-listeners.ts',
    from: "    signal.removeEventListener('abort', fire)\n",
    to: '',
  },
  {
    name: 'a closed client keeps the ports of its worker threads',
    file: 'client/holdfast.ts',
    from: '    for (const worker of this.workers) worker.shut()\n',
    to: '',
  },
  {
    name: 'a worker thread whose calls have ended goes on',
    file: 'client/worker/calls.ts',
    from: 'if (this.calls.size === 0) this.port.unref()',
    to: '',
  },
  {
    name: 'a client remembers every session that it gave back',
    file: 'client/session/sessions.ts',
    from: 'if (this.known.get(session.session) === session) this.known.delete(session.session)',
    to: ';((this as any).former ??= new Set()).add(session.session)\n    if (this.known.get(session.session) === session) this.known.delete(session.session)',
  },
  {
    name: 'a look that has found its session is remembered',
    file: 'client/access/look.ts',
    from: '      over.abort()\n      tickets.delete(ticket)\n',
    to: '      over.abort()\n',
  },
  {
    name: 'a closed client keeps the sessions that were in use',
    file: 'client/session/sessions.ts',
    from: '    this.active = undefined\n',
    to: '',
  },
  {
    name: 'each refusal of a request leaves a worker thread one request less',
    file: 'client/worker/host.ts',
    from: "      this.send({ kind: 'refused', n, m, error: toWire(error) })\n",
    to: "      this.send({ kind: 'refused', n, m, error: toWire(error) })\n      this.requests += 1\n",
  },
]
