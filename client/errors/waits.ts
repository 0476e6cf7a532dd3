import type { RefusalCode } from '../../protocol/messages.js'
import { HoldfastError } from './base.js'
import { nameType } from './brand.js'

/** One party to a deadlock: an access, the attributes that it holds and the attributes that it waits for. */
export interface DeadlockParty {
  readonly access: string
  readonly holds: readonly string[]
  readonly waitsFor: readonly string[]
}

/** `DEADLOCK`: the accesses in `cycle` would wait for each other for ever. The lock request was refused. */
export class DeadlockError extends HoldfastError {
  static {
    nameType(this, 'DeadlockError')
  }

  declare readonly code: 'DEADLOCK'
  readonly cycle: readonly DeadlockParty[]

  constructor(cycle: readonly DeadlockParty[]) {
    const shown = cycle.map((p) => `${p.access} holds [${p.holds.join(', ')}] and waits for [${p.waitsFor.join(', ')}]`)
    super('DEADLOCK', `this lock request can never be granted: ${shown.join('; ')}. Lock all attributes at the start`, {
      retryable: true,
    })
    this.cycle = cycle
  }
}

/** The progress of a wait when it failed. */
export interface WaitData {
  readonly waitedMs: number
  /** The number of processes before this one in the store's queue; undefined where the store has not reported it. */
  readonly behind: number | undefined
  /**
   * The `label` of the holder: of the access of this process that has the locks; or else of the process that held the
   * session when this one joined the queue, undefined where the store has not reported it, or that process has no label.
   */
  readonly holder: string | undefined
  /** How long that access of this process has had its locks; undefined where another process holds the session. */
  readonly heldMs: number | undefined
}

function placeInLine(behind: number): string {
  if (behind === 0) return 'next in line'
  return `behind ${behind} other ${behind === 1 ? 'process' : 'processes'}`
}

function describeHolder({ holder, heldMs }: WaitData): string {
  if (heldMs !== undefined) return `, held by access '${holder}' of this process for ${heldMs} ms`
  return holder === undefined ? '' : `, held by '${holder}'`
}

/** `WAIT_TIMEOUT`: the locks were not granted within `timeoutMs`. The request has left the queue. */
export class WaitTimeoutError extends HoldfastError implements WaitData {
  static {
    nameType(this, 'WaitTimeoutError')
  }

  declare readonly code: 'WAIT_TIMEOUT'
  readonly waitedMs: number
  readonly behind: number | undefined
  readonly holder: string | undefined
  readonly heldMs: number | undefined

  /** @param deadHolderMs how long others wait for a process that has died with the session. */
  constructor(data: WaitData, deadHolderMs = 0) {
    const behind = data.behind === undefined ? '' : `, ${placeInLine(data.behind)}`
    const dead = data.waitedMs < deadHolderMs ? `. A holder that has died keeps it for about ${deadHolderMs} ms` : ''
    super(
      'WAIT_TIMEOUT',
      `locks not granted after ${data.waitedMs} ms${behind}${describeHolder(data)}: raise timeoutMs or retry${dead}`,
      {
        retryable: true,
      },
    )
    this.waitedMs = data.waitedMs
    this.behind = data.behind
    this.holder = data.holder
    this.heldMs = data.heldMs
  }
}

/** `ABORTED`: the caller's AbortSignal ended the wait. `cause` is the signal's reason. */
export class AbortedError extends HoldfastError {
  static {
    nameType(this, 'AbortedError')
  }

  declare readonly code: 'ABORTED'
  readonly waitedMs: number

  constructor(waitedMs: number, cause: unknown) {
    super('ABORTED', `aborted by the caller after waiting ${waitedMs} ms`, { cause })
    this.waitedMs = waitedMs
  }
}

/**
 * `UNREACHABLE`: the store could not be reached, or did not answer in time. `cause` is the underlying error. It is
 * `retryable` unless the problem needs a change of a setting: the URL, a name, the credentials or their rights. A client
 * that has never been connected is taken to need one after some seconds of refusals.
 */
export class UnreachableError extends HoldfastError {
  static {
    nameType(this, 'UnreachableError')
  }

  declare readonly code: 'UNREACHABLE'

  constructor(message: string, cause?: unknown, retryable = true) {
    super('UNREACHABLE', message, { retryable, cause })
  }
}

/**
 * The reason why a request was refused.
 * - `LOCAL_QUEUE_FULL`: too many wait already in this process.
 * - `UNSUPPORTED_VERSION`, `UNKNOWN_TYPE`, `MALFORMED`, `TOO_LARGE`: the client and the store do not fit together, or
 *   something between them changes messages.
 * - `WRONG_SECRET`, `WRONG_PROCESS`: another process uses the identity of this one.
 * - `FORBIDDEN`: the role of these credentials may not use this namespace, or not the sessions table.
 * - `INTERNAL`: the store failed; its log says why.
 * - All others are temporary, and the client repeats the request.
 */
export type RefusalReason = RefusalCode | 'LOCAL_QUEUE_FULL'

/** `REFUSED`: too many accesses wait already, or the store refused the request. */
export class RefusedError extends HoldfastError {
  static {
    nameType(this, 'RefusedError')
  }

  declare readonly code: 'REFUSED'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, message: string, retryable: boolean, cause?: unknown) {
    super('REFUSED', `the store refused the request (${reason}): ${message}`, { retryable, cause })
    this.reason = reason
  }
}

/** `CLOSED`: the client is closing or closed, or `close()` has ended an access that still ran after `drainMs`. */
export class ClosedError extends HoldfastError {
  static {
    nameType(this, 'ClosedError')
  }

  declare readonly code: 'CLOSED'

  constructor(problem = 'this Holdfast client is closed: create a new one') {
    super('CLOSED', problem)
  }
}
