import type { HoldfastError } from '../../client/errors/index.js'
import { lockKey, type SessionKey } from '../../protocol/keys.js'
import type { RefusalCode } from '../../protocol/messages.js'
import type { Exchange } from './exchange.js'
import type { ExecutedCounts } from './executed.js'
import { EXPECTED_CODES } from './expected-codes.js'
import type { Fault, FaultCounts } from './faults.js'
import type { Judge } from './judge.js'
import type { WaitsWatch } from './waits-watch.js'
import { TIMING } from './workload.js'

/** Faults between a process and the functions: a message or its answer is lost or late, or refused. */
const MESSAGES: readonly Fault[] = [
  'sendLost',
  'sendRepeated',
  'answerLost',
  'answerLate',
  'slowNetwork',
  'functionDies',
  'internalError',
  'cutEveryMs',
  'halfOpenEveryMs',
  'partitionEveryMs',
  'rollover',
]
/** The gateway lets few messages through: that ends no connection. */
const THROTTLES: readonly Fault[] = ['throttledEveryMs']
/** Faults between a process, or a function, and DynamoDB. */
const REQUESTS: readonly Fault[] = [
  'dbThrottled',
  'dbSlow',
  'dbSdkRetry',
  'dbAnswerLost',
  'dbLateCopy',
  'dbOutageEveryMs',
]
/** A process stands still, or its clock says so. */
const STANDSTILLS: readonly Fault[] = ['loopBlocked', 'freezeEveryMs', 'pauseEveryMs', 'clockStepsEveryMs']
/** The Locks table forgets a process, or two processes are one to it. */
const STRANGERS: readonly Fault[] = [
  'evictEveryMs',
  'locksEmptiedEveryMs',
  'incarnationEveryMs',
  'identityReused',
  'otherVersion',
]
/** The tables forget what was written. */
const TABLES: readonly Fault[] = ['lockVanishesEveryMs', 'lockRegressesEveryMs', 'sessionsRestoredEveryMs']

const ANY = [...MESSAGES, ...REQUESTS, ...STANDSTILLS, ...STRANGERS]

/** The faults that may be the reason of each loss. The application itself is the reason of the others. */
const CAUSES: { readonly [loss: string]: readonly Fault[] } = {
  // A server that has HTTPS beside connections loses nothing while the gateway bars it.
  disconnected: [...ANY, 'gatewayBarred'],
  UNREACHABLE: [...ANY, ...THROTTLES, 'gatewayBarred'],
  COMMIT_UNKNOWN: [...REQUESTS, ...STANDSTILLS],
  'REFUSED INTERNAL': ['internalError', 'functionDies', ...REQUESTS],
  'REFUSED UNSUPPORTED_VERSION': ['otherVersion'],
  'REFUSED WRONG_SECRET': ['identityReused'],
  'REFUSED LOCAL_QUEUE_FULL': [],
  CLOSED: ['closeEveryMs'],
  'SESSION_LOST leaseExpired': [...STANDSTILLS, 'closeEveryMs'],
  'SESSION_LOST unreachable': [...ANY, ...THROTTLES],
  'SESSION_LOST evicted': [...ANY, ...THROTTLES, 'deaf', 'ttlRemovesEveryMs'],
  'SESSION_LOST fenced': [...ANY, ...THROTTLES, ...TABLES, 'deaf'],
  'SESSION_LOST revoked': [...ANY, ...THROTTLES, ...TABLES, 'deaf', 'pushLost', 'pushLate'],
}

/** Losses by the end of a client, and by that of a worker thread. */
const ENDS: ReadonlySet<string> = new Set(['CLOSED', 'SESSION_LOST leaseExpired'])
const THREAD_ENDS: ReadonlySet<string> = new Set(['CLOSED', 'COMMIT_UNKNOWN'])

/** Refusals of messages that no client sends, over a route that does not take them, or from another's connection. */
const NEVER: ReadonlySet<RefusalCode> = new Set(['MALFORMED', 'UNKNOWN_TYPE', 'TOO_LARGE', 'WRONG_PROCESS'])

/** A holder that others wait for may go on for so long, from the write of the first who waits. */
const OVERSTAY_MIN_MS = TIMING.busyAfterMs + TIMING.maxBusyMs - TIMING.clientMarginMs - 2 * TIMING.clockErrorMs

/** Nothing is lost for no reason: each loss has a cause in the run, which the application or a fault has made. */
export class CausesWatch {
  constructor(
    private readonly judge: Judge,
    private readonly counts: FaultCounts,
    private readonly waits: WaitsWatch,
    private readonly executed: ExecutedCounts,
  ) {}

  disconnected(detail: string | undefined): void {
    this.check('disconnected', `a connection is lost for no reason: ${detail}`)
  }

  /** No message of a client is one that its function does not know. */
  answered({ message, answer }: Exchange): void {
    if (answer.type === 'refused' && NEVER.has(answer.code))
      this.judge.violate('21', `a message '${message.type}' is refused (${answer.code}): ${answer.message}`)
  }

  /** An access was told this. */
  told(error: HoldfastError, code: string): void {
    if (!EXPECTED_CODES.has(code)) return this.judge.violate('14', `an access failed with ${code}: ${error?.message}`)
    const { reason = '' } = error as { readonly reason?: string }
    // An overstay is judged by the event: it has the epoch.
    if (reason !== 'revoked')
      this.check(`${error.code} ${reason}`.trim(), `an access fails for no reason: ${error.message}`)
  }

  /** A client has lost a session, says its event. */
  lost(session: string, epoch: number, error: HoldfastError): void {
    const { reason = '' } = error as { readonly reason?: string }
    if (reason === 'revoked') {
      const waitedMs = this.waits.waitedMs(lockKey(session as SessionKey), epoch)
      if (waitedMs !== undefined && waitedMs >= OVERSTAY_MIN_MS) return
    }
    this.check(`${error.code} ${reason}`.trim(), `a session is lost for no reason: ${error.message}`)
  }

  /** The application closes its clients. */
  isClosing = false

  private check(loss: string, problem: string): void {
    const causes = CAUSES[loss]
    if (this.isClosing && ENDS.has(loss)) return
    // A worker thread that ends leaves calls behind, and perhaps a commit.
    if (this.executed.counts['worker ends'] > 0 && THREAD_ENDS.has(loss)) return
    if (causes !== undefined && !this.counts.mayActStill(causes)) this.judge.violate('21', problem)
  }
}
