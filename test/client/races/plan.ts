import * as fc from 'fast-check'
import type { LockSpec } from '../../../client/attribute-locks/lock-request.js'

/** What a race is made of: who does what, and what goes wrong. In what order, the scheduler decides. */

export const NAMES = ['a', 'b', 'c']
const CLIENTS_MAX = 3
const SESSIONS_MAX = 2

/** What the work of an access does, one after the other. */
export type Deed =
  | { readonly kind: 'pause' | 'write' | 'commit' | 'fail' }
  /** `isAwaited` is false where the work goes on, and may end, while the lock is waited for. */
  | {
      readonly kind: 'lock'
      readonly spec: LockSpec
      readonly timeoutMs: number | undefined
      readonly isAwaited: boolean
    }
  | { readonly kind: 'tryLock' | 'nest'; readonly spec: LockSpec }

interface Waiting {
  readonly sessions: readonly number[]
  readonly timeoutMs: number | undefined
  /** Its signal is aborted at some moment, perhaps too late. */
  readonly isAborted: boolean
}
export interface Visiting extends Waiting {
  readonly kind: 'access' | 'open'
  readonly spec: LockSpec
  readonly ifMissing: 'create' | 'fail'
  readonly deeds: readonly Deed[]
}
export type Act =
  | Visiting
  | ({ readonly kind: 'destroy' } & Waiting)
  | { readonly kind: 'release'; readonly session: number }
  | { readonly kind: 'close'; readonly drainMs: number }

/** Accesses of one process, one after the other. */
interface Actor {
  readonly client: number
  readonly acts: readonly Act[]
}

type WriteFate = 'ok' | 'refused' | 'unsent' | 'unanswered' | 'late'
export type Trouble =
  | { readonly kind: 'cut' }
  | { readonly kind: 'partition' | 'evict'; readonly client: number }
  | { readonly kind: 'freeze'; readonly ms: number }

export interface Plan {
  readonly clients: number
  readonly sessions: number
  readonly holdPolicy: 'untilRevoked' | 'perAccess'
  readonly heldSessionsMax: number
  readonly actors: readonly Actor[]
  /** Each lets so much time pass, or less where a timer fires first. */
  readonly stepsMs: readonly number[]
  /** Between two events: 0 lets everything settle that can, else so many promises' callbacks run. */
  readonly pace: readonly number[]
  readonly pushCopies: number
  /** Messages that are lost, by number. */
  readonly lost: readonly number[]
  readonly writes: readonly WriteFate[]
  readonly troubles: readonly Trouble[]
}

const someNames = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom([], ['a'], ['a'], ['b'], ['c']) },
  { weight: 1, arbitrary: fc.subarray(NAMES) },
)
const spec: fc.Arbitrary<LockSpec> = fc.oneof(
  {
    weight: 7,
    arbitrary: fc.record({ write: someNames, read: someNames }).filter((s) => s.write.length + s.read.length > 0),
  },
  { weight: 1, arbitrary: fc.constantFrom<LockSpec>({ all: 'read' }, 'all') },
  { weight: 1, arbitrary: fc.record({ all: fc.constant('read' as const), write: someNames }) },
)
const rarely = fc.integer({ min: 0, max: 4 }).map((n) => n === 4)
const timeoutMs = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_500 }) },
)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'pause' as const, 'write' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('lock' as const), spec, timeoutMs, isAwaited: rarely.map((is) => !is) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('tryLock' as const, 'nest' as const), spec }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('commit' as const, 'fail' as const) }) },
)
const sessions = fc.oneof(
  { weight: 5, arbitrary: fc.nat(SESSIONS_MAX - 1).map((session) => [session]) },
  { weight: 1, arbitrary: fc.constantFrom([0, 1], [1, 0]) },
)
const waiting = { sessions, timeoutMs, isAborted: rarely }
const visiting = {
  ...waiting,
  spec,
  ifMissing: rarely.map((is) => (is ? ('fail' as const) : ('create' as const))),
  deeds: fc.array(deed, { maxLength: 5 }),
}
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('access' as const), ...visiting }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('open' as const), ...visiting }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('destroy' as const), ...waiting }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const), session: fc.nat(SESSIONS_MAX - 1) }) },
)
const client = fc.nat(CLIENTS_MAX - 1)
const actor: fc.Arbitrary<Actor> = fc.record({ client, acts: fc.array(act, { minLength: 1, maxLength: 4 }) })
const closing: fc.Arbitrary<Actor> = fc
  .record({ client, before: fc.array(act, { maxLength: 2 }), drainMs: fc.constantFrom(0, 500, 10_000) })
  .map(({ before, drainMs, ...who }) => ({ ...who, acts: [...before, { kind: 'close', drainMs }] }))
const stepMs = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 3, arbitrary: fc.integer({ min: 60, max: 1_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1_000, max: 5_000 }) },
)
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const) }),
  fc.record({ kind: fc.constantFrom('partition' as const, 'evict' as const), client }),
  fc.record({ kind: fc.constant('freeze' as const), ms: fc.integer({ min: 100, max: 8_000 }) }),
)
const faultless = { lost: fc.constant([]), writes: fc.constant([]), troubles: fc.constant([]) }
const faulty = {
  lost: fc.array(fc.nat(120), { maxLength: 6 }),
  writes: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('ok' as const) },
      { weight: 2, arbitrary: fc.constantFrom('refused' as const, 'unsent' as const) },
      { weight: 2, arbitrary: fc.constantFrom('unanswered' as const, 'late' as const) },
    ),
    { maxLength: 25 },
  ),
  troubles: fc.array(trouble, { maxLength: 3 }),
}
const base = {
  clients: fc.integer({ min: 1, max: CLIENTS_MAX }),
  sessions: fc.constantFrom(1, 1, SESSIONS_MAX),
  holdPolicy: fc.constantFrom('untilRevoked' as const, 'untilRevoked' as const, 'perAccess' as const),
  heldSessionsMax: fc.constantFrom(10, 1),
  actors: fc
    .tuple(fc.array(actor, { minLength: 1, maxLength: 6, size: 'max' }), fc.option(closing, { freq: 3 }))
    .map(([actors, last]) => (last === null ? actors : [...actors, last])),
  stepsMs: fc.array(stepMs, { maxLength: 40, size: 'max' }),
  pace: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }), {
    maxLength: 30,
    size: 'max',
  }),
  pushCopies: fc.constantFrom(1, 1, 2),
}

/** Messages are late and out of order and come twice, but everything arrives. */
export const orderlyPlans: fc.Arbitrary<Plan> = fc.record({ ...base, ...faultless })
/** Messages, answers, connections and processes are lost as well. */
export const faultyPlans: fc.Arbitrary<Plan> = fc.record({ ...base, ...faulty })
