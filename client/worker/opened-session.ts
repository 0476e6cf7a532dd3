import type { SessionKey } from '../../protocol/keys.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError } from '../errors/index.js'
import type { Entries, Opened } from './messages.js'
import { type SessionLink, type WorkerContext, WorkerSession } from './session.js'
import { fromWire } from './wire-error.js'

/** The session object of `open` in a worker thread. It ends when it is closed, destroyed or disposed of. */
export class OpenedWorkerSession extends WorkerSession {
  private closing: Promise<void> | undefined

  /** @param leave frees the locks. Resolves when they are free. */
  constructor(
    context: WorkerContext,
    key: SessionKey,
    opened: Opened,
    request: LockRequest,
    link: SessionLink,
    private readonly leave: () => Promise<void>,
  ) {
    super(context, key, opened, request, link)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ending !== undefined) await this.ending.catch(() => {})
    if (this.isOver || this.closing !== undefined) return
    this.end()
    await this.leave()
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

  override checkUsable(): void {
    super.checkUsable()
    if (this.closing !== undefined) throw new AccessEndedError()
  }

  private async commitAndEnd(): Promise<void> {
    if (this.ending !== undefined) await this.ending
    if (this.isOver) throw this.loss ?? new AccessEndedError()
    if (this.answered !== undefined) await this.answered
    let isStillOpen = false
    const request = async (changes: Entries) => {
      const reply = await this.link.close(changes)
      if (reply.problem === undefined) return reply
      isStillOpen = true
      throw fromWire(reply.problem)
    }
    const changes = this.changes()
    try {
      await this.sendChanges(changes, request)
    } catch (error) {
      if (!isStillOpen) this.end()
      throw error
    }
    this.end()
  }
}
