import type { SessionKey } from '../../protocol/keys.js'
import { AccessEndedError } from '../errors/index.js'
import type { Hold } from '../session/hold.js'
import type { Ticket } from '../session/ticket.js'
import type { AccessContext } from './access-context.js'
import { AccessSession } from './access-session.js'
import { commit } from './commit.js'

/** The session object of `open`. It ends when it is closed, destroyed or disposed of. */
export class OpenedSession extends AccessSession {
  private closing: Promise<void> | undefined

  /** @param ended is called once, when the object has ended and all that it has to write is written. */
  constructor(
    context: AccessContext,
    key: SessionKey,
    hold: Hold,
    ticket: Ticket,
    private readonly ended: () => void,
  ) {
    super(context, key, hold, ticket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ending !== undefined) await this.ending.catch(() => {})
    if (this.isOver) return
    this.hold.held.touchIfDueAt(this.hold.context.clock.wallMs())
    this.leave()
  }

  /** Commits like an access that ends, and frees the locks at once. After a `destroy()` it has the outcome of that. */
  close(): Promise<void> {
    if (this.destruction !== undefined) return this.destruction
    this.closing ??= this.commitAndEnd().catch((error) => {
      // What could not be stored may still be changed, and the session closed again.
      if (!this.isOver) this.closing = undefined
      throw error
    })
    return this.closing
  }

  override async destroy(): Promise<void> {
    const wasOver = this.isOver
    try {
      await super.destroy()
    } finally {
      if (!wasOver && this.isOver) this.ended()
    }
  }

  private async commitAndEnd(): Promise<void> {
    if (this.ending !== undefined) await this.ending.catch((error) => this.rotationFailed(error))
    if (this.isOver) throw new AccessEndedError()
    try {
      await commit([this])
    } catch (error) {
      if (this.isOver || this.ticket.loss !== undefined) this.leave()
      throw error
    }
    this.ended()
  }

  private rotationFailed(error: unknown): never {
    if (!this.isOver && this.ticket.loss !== undefined) this.leave()
    throw error
  }

  private leave(): void {
    if (!this.isOver) {
      this.end()
      this.hold.leave(this.ticket)
    }
    this.ended()
  }
}
