import type { Entry, Fact } from '../../inspector/model/entry.js'

export const SESSION = 'shop#abcdefghij'
const [NOW, STEP_MS] = [1_764_000_000_000, 10]

/** Facts as entries, 10 ms after each other. */
export const entriesOf = (...facts: readonly Fact[]): Entry[] =>
  facts.map((fact, index) => ({ n: index + 1, at: NOW + index * STEP_MS, ...fact }))

export const lock = (epoch: number, holder: string | undefined, ...waiters: readonly string[]): Fact => ({
  kind: 'lock',
  session: SESSION,
  epoch,
  ...(holder === undefined ? {} : { holder }),
  waiters,
})

export const state = (operation: 'claim' | 'birth' | 'commit' | 'destroy', epoch: number, outcome = 'ok'): Fact => ({
  kind: 'state',
  session: SESSION,
  operation,
  epoch,
  outcome,
  ...(operation === 'commit' ? { changes: 1, units: 2 } : {}),
})

export const sent = (process: string, type: string, isNudge = false): Fact => ({
  kind: 'message',
  way: 'sent',
  type,
  process,
  session: SESSION,
  ...(isNudge ? { isNudge: true } : {}),
})

export const released = (by: string, epoch: number): Fact => ({
  kind: 'message',
  way: 'sent',
  type: 'release',
  process: by,
  session: SESSION,
  epoch,
})

export const pushed = (process: string, type: string, delivery: 'sent' | 'lost' | 'gone' = 'sent'): Fact => ({
  kind: 'message',
  way: 'pushed',
  type,
  process,
  session: SESSION,
  delivery,
})

export const process = (id: string, label: string, leaseUntil = NOW + 15_000, connection = `c-${id}`): Fact => ({
  kind: 'process',
  process: id,
  label,
  connection,
  gen: 1,
  leaseUntil,
  renewedAt: leaseUntil - 15_000,
  asks: 0,
})

export const refusal = (by: string | undefined): Fact => ({
  kind: 'refusal',
  session: SESSION,
  ...(by === undefined ? {} : { process: by }),
  outcome: 'ThrottlingException',
})

export const tally = (requests: number, writeUnits = requests): Fact => ({
  kind: 'tally',
  requests,
  writeUnits,
  readUnits: 0,
  functionWrites: 0,
  functionReads: 0,
  messages: 0,
  pushes: 0,
  connections: 1,
})

/** A kept session that goes from one process to another. */
export const HANDOFF: readonly Fact[] = [
  sent('a', 'acquire'),
  lock(1, 'a'),
  state('birth', 1),
  state('commit', 1),
  state('commit', 1),
  sent('b', 'acquire'),
  lock(1, 'a', 'b'),
  pushed('a', 'revoke'),
  released('a', 1),
  lock(2, 'b'),
  pushed('b', 'granted'),
  state('claim', 2),
  state('commit', 2),
]
