import { machineRandomness } from '../../client/machine.js'
import type { Socket, Transport } from '../../client/ports.js'
import type { SessionKey } from '../../protocol/keys.js'
import { PROTOCOL_VERSION, RENEWALS_PER_LEASE } from '../../protocol/limits.js'
import { type ClientMessage, parseStoreMessage, type StoreMessage } from '../../protocol/messages.js'
import { Failure } from '../failure.js'

const [PROCESS_ID_BYTES, SECRET_BYTES] = [12, 32]
/** Of the one request that this process makes. */
const R = 1
/** The store could not do it now. The next nudge asks again. */
const PASSING = new Set(['INTERNAL', 'TOO_MANY_MESSAGES', 'BUSY_RECORD'])

/**
 * Waits for the lock of a session as a process of its own, and gives it back as soon as it is granted: so the holder is
 * asked, and evicted if it does not answer, and everybody who waits is served before. No state is read or written.
 *
 * @throws {Failure} where the turn did not come in time, or the connection ended. The place in the queue is left.
 */
export function takeTurn(transport: Transport, session: SessionKey, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => new Turn(transport, session, timeoutMs, resolve, reject))
}

class Turn {
  private readonly socket: Socket
  private readonly timers = new Set<NodeJS.Timeout>()
  private epoch: number | undefined
  private since: number | undefined
  private isOver = false

  constructor(
    transport: Transport,
    private readonly session: SessionKey,
    timeoutMs: number,
    private readonly done: () => void,
    private readonly failed: (reason: Failure) => void,
  ) {
    this.after(timeoutMs, () => this.end(late(timeoutMs)))
    this.socket = transport.open({
      opened: () => this.greet(),
      received: (text) => {
        // The gateway's own answers are no messages of the store: what it turned away is sent again.
        const message = parseStoreMessage(text)
        if (message !== undefined) this.received(message)
      },
      closed: (failure) => this.end(cut(failure?.message ?? 'the connection was closed')),
    })
  }

  private greet(): void {
    this.send({
      type: 'hello',
      v: PROTOCOL_VERSION,
      processId: machineRandomness.token(PROCESS_ID_BYTES),
      secret: machineRandomness.token(SECRET_BYTES),
      label: 'holdfast release',
      gen: 1,
    })
  }

  private received(message: StoreMessage): void {
    switch (message.type) {
      case 'welcome':
        this.renew(message.leaseMs / RENEWALS_PER_LEASE, 1)
        this.ask(message.timing.nudgeAfterMs, false)
        break
      case 'queued':
        this.since = message.since
        break
      case 'granted':
        if (this.epoch === undefined) this.giveBack(message.epoch)
        break
      case 'released':
        this.end(undefined)
        break
      case 'refused':
        if (!PASSING.has(message.code)) this.end(refused(message.code, message.message))
        break
      default:
    }
  }

  private renew(everyMs: number, n: number): void {
    this.after(everyMs, () => {
      this.send({ type: 'renew', n })
      this.renew(everyMs, n + 1)
    })
  }

  /** A nudge repeats what was lost on the way, and takes the lock from a holder that has died. */
  private ask(nudgeAfterMs: number, isNudge: boolean): void {
    const { session, since } = this
    if (this.epoch !== undefined) return
    this.send({
      type: 'acquire',
      session,
      r: R,
      ...(isNudge ? { nudge: true as const } : {}),
      ...(since === undefined ? {} : { since }),
    })
    this.after(nudgeAfterMs, () => this.ask(nudgeAfterMs, true))
  }

  private giveBack(epoch: number): void {
    this.epoch = epoch
    this.send({ type: 'release', session: this.session, epoch, r: R })
    this.after(REPEAT_MS, () => this.giveBack(epoch))
  }

  private end(failure: Failure | undefined): void {
    if (this.isOver) return
    this.isOver = true
    for (const timer of this.timers) clearTimeout(timer)
    if (this.epoch === undefined) this.send({ type: 'cancel', session: this.session, r: R })
    // If the above was lost: a process that has retired is passed over, and holds nothing.
    this.send({ type: 'retire' })
    this.socket?.close()
    if (failure === undefined) this.done()
    else this.failed(failure)
  }

  private send(message: ClientMessage): void {
    this.socket?.send(JSON.stringify(message))
  }

  private after(ms: number, fire: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      fire()
    }, ms)
    this.timers.add(timer)
  }
}

/** A release that is not answered is sent again. */
const REPEAT_MS = 2_000

const late = (timeoutMs: number): Failure =>
  new Failure(
    'LOCK_NOT_GRANTED',
    `the turn did not come within ${timeoutMs} ms`,
    "'holdfast show' names the holder. One that does not answer is evicted in a minute or two: give a longer --timeout.",
  )

const cut = (problem: string): Failure => new Failure('CONNECTION_LOST', problem, "Run it again, or 'holdfast doctor'.")

const refused = (code: string, message: string): Failure =>
  new Failure(
    code,
    `the store refuses it: ${message}`,
    code === 'FORBIDDEN' ? 'The role is confined to other namespaces: take another one.' : "Run 'holdfast doctor'.",
  )
