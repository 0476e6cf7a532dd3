import { HoldfastError } from './base.js'

/** One party to a deadlock: the access that waits, the attributes it holds and those it waits for. */
export interface DeadlockParty {
  readonly access: string
  readonly holds: readonly string[]
  readonly waitsFor: readonly string[]
}

/** `DEADLOCK`: the lock request would have waited for itself, by way of the accesses in `cycle`. */
export class DeadlockError extends HoldfastError {
  readonly cycle: readonly DeadlockParty[]

  constructor(cycle: readonly DeadlockParty[]) {
    const shown = cycle.map((p) => `${p.access} holds [${p.holds.join(', ')}] and waits for [${p.waitsFor.join(', ')}]`)
    super('DEADLOCK', `this lock request can never be granted: ${shown.join('; ')}. Lock all attributes at the start`, {
      retryable: true,
    })
    this.cycle = cycle
  }
}

/** What a wait had come to when it failed. */
export interface WaitData {
  readonly waitedMs: number
  /** How many processes stood before this one in the store's queue, where the store has said. */
  readonly behind: number | undefined
  /** The label of the process that holds the session, where the store has said. */
  readonly holder: string | undefined
}

function placeInLine(behind: number): string {
  if (behind === 0) return 'next in line'
  return `behind ${behind} other ${behind === 1 ? 'process' : 'processes'}`
}

/** `WAIT_TIMEOUT`: the locks were not granted within `timeoutMs`. The request has left the queue. */
export class WaitTimeoutError extends HoldfastError implements WaitData {
  readonly waitedMs: number
  readonly behind: number | undefined
  readonly holder: string | undefined

  constructor(data: WaitData) {
    const behind = data.behind === undefined ? '' : `, ${placeInLine(data.behind)}`
    const holder = data.holder === undefined ? '' : `, held by '${data.holder}'`
    super('WAIT_TIMEOUT', `locks not granted after ${data.waitedMs} ms${behind}${holder}: raise timeoutMs or retry`, {
      retryable: true,
    })
    this.waitedMs = data.waitedMs
    this.behind = data.behind
    this.holder = data.holder
  }
}

/** `ABORTED`: the caller's AbortSignal ended the wait. `cause` is the signal's reason. */
export class AbortedError extends HoldfastError {
  readonly waitedMs: number

  constructor(waitedMs: number, cause: unknown) {
    super('ABORTED', `aborted by the caller after waiting ${waitedMs} ms`, { cause })
    this.waitedMs = waitedMs
  }
}

/**
 * `UNREACHABLE`: the store could not be reached, or did not answer in time. `cause` is the underlying error. It is
 * `retryable` unless what is wrong stays so until a setting changes: the URL, a name, the credentials or their rights.
 */
export class UnreachableError extends HoldfastError {
  constructor(message: string, cause?: unknown, retryable = true) {
    super('UNREACHABLE', message, { retryable, cause })
  }
}

/** `REFUSED`: too many wait already, or the store refused the request. `reason` is a code such as `QUEUE_FULL`. */
export class RefusedError extends HoldfastError {
  readonly reason: string

  constructor(reason: string, message: string, retryable: boolean) {
    super('REFUSED', `the store refused the request (${reason}): ${message}`, { retryable })
    this.reason = reason
  }
}

/** `CLOSED`: the client is closing or closed. */
export class ClosedError extends HoldfastError {
  constructor() {
    super('CLOSED', 'this Holdfast client is closed: create a new one')
  }
}
