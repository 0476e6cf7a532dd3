// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are lines of source.
import type { Mutant } from './mutant.js'

/** Bugs in messages over HTTPS. */
export const HTTPS_MUTANTS: readonly Mutant[] = [
  {
    name: 'a request over HTTPS needs no secret',
    file: 'functions/https-callers.ts',
    from: 'proof.principal === principal && proof.secretHash === secretHashOf(secret)',
    to: "proof.principal === principal && secretHashOf(secret) !== ''",
  },
  {
    name: 'a request over HTTPS may come from another role',
    file: 'functions/https-callers.ts',
    from: 'proof.principal === principal && proof.secretHash === secretHashOf(secret)',
    to: "principal !== '' && proof.secretHash === secretHashOf(secret)",
  },
  {
    name: 'a process polls again and again without a pause',
    file: 'protocol/lock/polling.ts',
    from: 'return Math.min(Math.max(leastMs, askedForMs * POLL_SHARE), nudgePeriodMaxMs(timing))',
    to: 'return Math.min(leastMs * askedForMs * POLL_SHARE, nudgePeriodMaxMs(timing)) / 1e3',
  },
  {
    name: 'a process whose connection is gone does not renew over HTTPS',
    file: 'client/process/bypass.ts',
    from: "new Set(['renew', 'release',",
    to: "new Set(['release',",
  },
  {
    name: 'an answer over HTTPS is handled after the lease',
    file: 'client/process/bypass.ts',
    from: "if (reply === undefined || 'failure' in reply || this.events.hasEnded()) return",
    to: "if (reply === undefined || 'failure' in reply) return",
  },
  {
    name: 'a request over HTTPS that gets no answer is never noticed',
    file: 'client/process/door-transport.ts',
    from: "if ('failure' in reply) closed(reply.failure)",
    to: "if ('failure' in reply) return",
  },
  {
    name: 'a connection over HTTPS has the name of the process',
    file: 'client/process/door-transport.ts',
    from: 'speaker ??= { ...proofIn(text), connectionId }',
    to: 'speaker ??= { ...proofIn(text), connectionId: proofIn(text).processId.slice(0, 12) }',
  },
]
