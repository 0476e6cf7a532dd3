import type { Mutant } from './mutant.js'

/** Bugs between a worker thread and the client in the main thread. */
export const WORKER_MUTANTS: readonly Mutant[] = [
  // Commits that overlap.
  {
    name: 'a refused commit of a worker thread takes a later one back with it',
    file: 'client/worker/attributes.ts',
    from: 'if (next !== undefined) next.before.set(name, value)\n      else this.apply',
    to: 'this.apply',
  },
  {
    name: 'the confirmation of a commit of a worker thread forgets a later one',
    file: 'client/worker/attributes.ts',
    from: 'this.sent.delete(sent)',
    to: 'this.sent.clear()',
  },
  {
    name: 'a commit of a worker thread that was refused counts as landed in the thread',
    file: 'client/worker/attributes.ts',
    from: '      this.takeBack(sent)\n',
    to: '',
  },
  {
    name: 'the main thread keeps the changes of a commit that it has refused',
    file: 'client/worker/answers.ts',
    from: '    undo()\n',
    to: '    void undo\n',
  },
  {
    name: 'an access of a worker thread ends before its commits are answered',
    file: 'client/worker/calls.ts',
    from: 'for (const session of call.sessions) if (session.answered !== undefined) await session.answered\n',
    to: '',
  },
  // Containers and counts of what is under way.
  {
    name: 'a refused request of a worker thread counts as under way for ever',
    file: 'client/worker/host.ts',
    from: "      this.send({ kind: 'reply', n, m, facts: factsOf(session), ...answered })\n    } catch (error) {\n      this.send({ kind: 'refused', n, m, error: toWire(error) })\n    } finally {\n      this.requests -= 1\n      this.closeIfDone()\n    }",
    to: "      this.send({ kind: 'reply', n, m, facts: factsOf(session), ...answered })\n      this.requests -= 1\n    } catch (error) {\n      this.send({ kind: 'refused', n, m, error: toWire(error) })\n    }\n    this.closeIfDone()",
  },
  {
    name: 'a worker thread remembers every request that was answered',
    file: 'client/worker/calls.ts',
    from: '    this.requests.delete(m)\n',
    to: '',
  },
  {
    name: 'a call of a worker thread listens to its signal for ever',
    file: 'client/worker/calls.ts',
    from: '      unlisten()\n      this.settle(n)',
    to: '      void unlisten\n      this.settle(n)',
  },
  {
    name: 'the main thread remembers the signal of every nested wait of a worker thread',
    file: 'client/worker/answers.ts',
    from: '    aborts.delete(m)\n',
    to: '',
  },
  // Answers and events.
  {
    name: 'each answer to a worker thread has it told once more that its session is wanted',
    file: 'client/worker/host.ts',
    from: 'if (session.wantedSignal !== wantedSignal) this.listenForWanted',
    to: 'this.listenForWanted',
  },
  {
    name: 'a worker thread that is told of a failure of its main thread ends well',
    file: 'client/worker/calls.ts',
    from: 'call.reject(error === undefined ? undefined : withReason(error, call.signal))',
    to: 'if (error === undefined || isWorse) call.reject(error)\n    else call.resolve(undefined)',
  },
  {
    name: 'work that fails in a worker thread is committed',
    file: 'client/worker/calls.ts',
    from: '(error: unknown) => this.drop(n, call, error),',
    to: '() => void this.finish(n, call),',
  },
  {
    name: 'a worker thread never hears that its session is lost',
    file: 'client/worker/host.ts',
    from: "signal.addEventListener('abort', () => this.send({ kind: 'lost', n, index, error: toWire(signal.reason) }))",
    to: 'void signal',
  },
  {
    name: 'a loss is told to another session of the access of a worker thread',
    file: 'client/worker/calls.ts',
    from: 'return call?.sessions[message.index]?.lose(fromWire(message.error))',
    to: 'return call?.sessions[0]?.lose(fromWire(message.error))',
  },
  // Threads that end.
  {
    name: 'a worker thread that ends goes on waiting for its locks',
    file: 'client/worker/host.ts',
    from: 'call.controller.abort(WORK_DROPPED)\n      call.drop()',
    to: 'call.drop()',
  },
  {
    name: 'the main thread never forgets a worker thread that has ended',
    file: 'client/worker/host.ts',
    from: '    this.onClosed(this)\n',
    to: '',
  },
]
