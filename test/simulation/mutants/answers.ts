// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in the client's answers to the store. */
export const ANSWER_MUTANTS: readonly Mutant[] = [
  // The client's answers.
  {
    name: 'a revoke that overtakes its grant is answered with a release',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (outstanding !== undefined) return { kind: 'askedAtBirth' }",
    to: '',
  },
  {
    name: 'a grant that nobody asked for is accepted',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (grant.r === outstanding) return { kind: 'accept' }",
    to: "if (outstanding !== undefined) return { kind: 'accept' }",
  },
  {
    name: 'a grant that nobody asked for is ignored',
    file: 'protocol/lock/client-decisions.ts',
    from: "return { kind: hold !== undefined && grant.epoch > hold.epoch ? 'drop' : 'stay', release }",
    to: "return { kind: 'stay' }",
  },
  {
    name: 'a place in the queue that nobody waits for is kept',
    file: 'protocol/lock/client-decisions.ts',
    from: "return { kind: 'stay', cancel: { r: queued.r } }",
    to: 'return STAY',
  },
  {
    name: 'a queued for the grant that is held gives the lock away',
    file: 'protocol/lock/client-decisions.ts',
    from: 'if (queued.r === outstanding || queued.r === hold?.r) return STAY',
    to: 'if (queued.r === outstanding) return STAY',
  },
  {
    name: 'a revoke is ignored',
    file: 'protocol/lock/client-decisions.ts',
    from: "if (epoch === hold.epoch) return hold.releasing ? STAY : { kind: 'drain' }",
    to: 'if (epoch === hold.epoch) return STAY',
  },
  {
    name: 'a revoke of any epoch is obeyed by dropping the hold unreleased',
    file: 'client/session/local-session.ts',
    from: 'say: () => lock.sayBusy(), overdue })\n    hold?.wanted()',
    to: "say: () => lock.sayBusy(), overdue })\n    hold?.lose(new SessionLostError('revoked', 'mutant'))",
  },
  {
    name: 'a session is released while accesses run',
    file: 'client/session/hold.ts',
    from: "if (this.state !== 'draining' || this.accesses.isAny) return",
    to: "if (this.state !== 'draining') return",
  },
  {
    name: 'a session is released while a commit is under way',
    file: 'client/session/hold.ts',
    from: 'if (!this.chain.isIdle) return',
    to: '',
  },
  {
    name: 'a fenced claim is not raised',
    file: 'client/session/local-session.ts',
    from: "if (claimed.kind === 'fenced' && this.isWaiting) {",
    to: "if (claimed.kind === 'fenced' && this.context === undefined) {",
  },
  {
    name: 'a session is asked for again before its release is answered',
    file: 'client/session/store-lock.ts',
    from: "if (this.state.kind === 'none') this.ask(undefined)",
    to: "if (this.state.kind === 'none' || this.state.kind === 'releasing') this.ask(undefined)",
  },
  {
    name: 'a release without an answer is not sent again',
    file: 'client/session/store-lock.ts',
    from: 'this.setTimer(this.membership.timing.roundTripMs, () => this.sendRelease())',
    to: '',
  },
  {
    name: 'an access that gives up leaves the process in the queue',
    file: 'client/session/local-session.ts',
    from: 'return this.hold?.cancel(ticket)\n    if (!this.isWaiting) this.lock.cancel()',
    to: 'return this.hold?.cancel(ticket)',
  },
  {
    name: 'accesses that were queued here are forgotten at a release',
    file: 'client/session/hold.ts',
    from: 'this.owner.returned(this.accesses.takeQueued().filter((ticket) => ticket.mayOutwait()))',
    to: 'this.accesses.takeQueued().filter((ticket) => ticket.mayOutwait())',
  },
  {
    name: 'after a release nobody asks again',
    file: 'client/session/local-session.ts',
    from: 'if (this.isWaiting) this.lock.acquire()',
    to: 'if (this.isWaiting) return',
  },
  {
    name: 'a reconnect does not send again what is unanswered',
    file: 'client/session/sessions.ts',
    from: 'for (const session of this.known.values()) session.lock.resend()',
    to: '',
  },
  {
    name: 'a process goes on beside its copy',
    file: 'client/process/connector.ts',
    from: 'if (refusal.gen === this.gen) this.events.copied()',
    to: 'if (refusal.gen === 0) this.events.copied()',
  },
  {
    name: 'an older connection replaces a newer one',
    file: 'protocol/process/writes.ts',
    from: 'AND ${NEWER_CONNECTION} AND',
    to: 'AND',
  },
]
