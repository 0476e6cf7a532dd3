import { LABEL_PATTERN, PROCESS_ID_PATTERN, SECRET_PATTERN, SESSION_KEY_PATTERN } from './keys.js'
import { ABOVE_MAX, WAITERS_MAX } from './limits.js'

type Check<T> = (value: unknown) => value is T
export type Schema = { readonly [field: string]: Check<unknown> }
type Checked<C> = C extends Check<infer T> ? T : never
type OptionalKeys<S> = { [K in keyof S]: undefined extends Checked<S[K]> ? K : never }[keyof S]
export type Fields<S> = { readonly [K in Exclude<keyof S, OptionalKeys<S>>]: Checked<S[K]> } & {
  readonly [K in OptionalKeys<S>]?: Exclude<Checked<S[K]>, undefined>
}

const integer =
  (least: number, most: number): Check<number> =>
  (value): value is number =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
const text =
  (pattern: RegExp): Check<string> =>
  (value): value is string =>
    typeof value === 'string' && pattern.test(value)
const maybe =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value): value is T | undefined =>
    value === undefined || check(value)
const yes: Check<true> = (value): value is true => value === true

const counter = integer(1, Number.MAX_SAFE_INTEGER)
const session = text(SESSION_KEY_PATTERN)

/** The fields of each message of a client. */
export const CLIENT_SCHEMAS = {
  /**
   * The first message of a connection. `gen` counts the process's connections, so that an older never replaces a newer.
   */
  hello: {
    v: integer(0, Number.MAX_SAFE_INTEGER),
    processId: text(PROCESS_ID_PATTERN),
    secret: text(SECRET_PATTERN),
    label: text(LABEL_PATTERN),
    gen: counter,
  },
  /**
   * `nudge` says that it was sent before with the same r: the store then reads before it writes. `waiters` repeats what
   * `released` said of the next holder: the store then queues the request before it tries to grant it. `since` repeats
   * what `queued` said where the queue was full.
   */
  acquire: {
    session,
    r: counter,
    above: maybe(integer(0, ABOVE_MAX)),
    nudge: maybe(yes),
    waiters: maybe(integer(0, WAITERS_MAX)),
    since: maybe(integer(0, Number.MAX_SAFE_INTEGER)),
  },
  cancel: { session, r: counter },
  release: { session, epoch: counter, r: counter },
  busy: { session, epoch: counter },
  keep: { session, epoch: counter },
  /** `renewed` repeats `n`: a lease is counted from before the renewal that was answered, not from a later one. */
  renew: { n: counter },
  retire: {},
} as const satisfies { readonly [type: string]: Schema }
