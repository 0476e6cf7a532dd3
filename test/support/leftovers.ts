import { HANDED_OVER_MAX, HANDOFFS_REMEMBERED, RELEASED_AGAIN_MAX, RENEWALS_REMEMBERED } from '../../client/limits.js'
import { contentsOf } from './contents.js'

/**
 * The containers that may have something in them while a client holds nothing and no call is under way, and how much. All
 * others must be empty, also those that nobody has thought of.
 */
const KEPT: { readonly [path: string]: number } = {
  '.sessions.shared.handedOver.sessions.entries': HANDED_OVER_MAX,
  '.sessions.shared.releasedAgain.atMs.entries': RELEASED_AGAIN_MAX,
  '.sessions.shared.handoffCost.claim.ms': HANDOFFS_REMEMBERED,
  '.sessions.shared.handoffCost.release.ms': HANDOFFS_REMEMBERED,
  '.sessions.membership.renewals.unanswered': RENEWALS_REMEMBERED,
  // The application's own listeners, and its own threads.
  '.events.emitter': Number.POSITIVE_INFINITY,
  '.workers': Number.POSITIVE_INFINITY,
}

/** Numbers that count nothing that is held: they number what has been, or count the tries of a connection. */
const NO_COUNTS: ReadonlySet<string> = new Set([
  '.sessions.held.order.uses',
  '.sessions.idleRenewals',
  '.sessions.membership.requests',
  // As the store counts.
  '.sessions.membership.incarnation',
  '.sessions.membership.more',
  '.sessions.membership.renewals.last',
  '.sessions.membership.connector.gen',
  '.sessions.membership.connector.failures',
  '.sessions.membership.connector.hellos',
  '.sessions.membership.connector.state.current.gen',
  '.sessions.membership.connector.state.next.gen',
  '.sessions.membership.connector.replaced.connection.gen',
  '.sessions.membership.last.gen',
  '.sessions.shared.handedOver.sessions.entries[].waiters',
])
/** Times, and bounds. */
const IS_NO_COUNT = /(?:Ms|Max)$/

/** The parts of a client that it was given, and those that are of its threads. */
interface Given {
  readonly context: {
    readonly store: object
    readonly clock: object
    readonly randomness: object
    readonly options: object
  }
  readonly accessDefaults: object
  readonly sessions: { readonly membership: { readonly timing: object } | undefined }
  readonly workers: Iterable<{ readonly own: object; readonly port: object }>
}

/**
 * What a client still has, though it holds no session and no call of it is under way: each container that is not empty,
 * and each count that is not 0.
 */
export function leftIn(client: object): string[] {
  const { context, accessDefaults, sessions, workers } = client as Given
  const { store, clock, randomness, options } = context
  const ports = [...workers].flatMap(({ own, port }) => [own, port])
  const outside = new Set([store, clock, randomness, options, accessDefaults, sessions.membership?.timing, ...ports])
  const { containers, numbers } = contentsOf(client, (value) => outside.has(value))
  const kept = [...containers].filter(([path, size]) => size > (KEPT[path] ?? 0))
  const counted = [...numbers].filter(([path, count]) => count !== 0 && !NO_COUNTS.has(path) && !IS_NO_COUNT.test(path))
  return [...kept, ...counted].map(([path, count]) => `${path} is ${count}`)
}
