import { inspect } from 'node:util'
import type { SessionKey } from '../../protocol/keys.js'
import type { LockRequest } from '../attribute-locks/lock-request.js'
import { AccessEndedError, NotLockedError } from '../errors/index.js'
import { checkKeys, checkWork } from '../options/check.js'
import { type Scope, Task } from '../scope.js'
import type { AccessState } from '../state/state-view.js'
import type { Joinable } from './join.js'
import type { Nesting } from './nesting.js'

const ROTATE_KEYS = { to: true } as const

/**
 * The session object of an outermost access, in the main thread or in a worker thread: until when it may be used, how
 * its access ends the session, and which accesses join it.
 */
export abstract class OutermostSession {
  /** A call of {@link destroy} or {@link rotate} that is under way. */
  ending: Promise<unknown> | undefined
  /** The call of {@link destroy}, once there was one that had an effect. */
  protected destruction: Promise<void> | undefined
  private isEnded = false
  private isGone = false
  private scopes: Set<Scope> | undefined

  abstract key: SessionKey
  formerKeys: readonly SessionKey[] | undefined
  abstract readonly ticket: { readonly request: LockRequest }
  abstract readonly content: AccessState
  abstract readonly epoch: number
  /** Why the session was lost under this access, once it was. */
  protected abstract readonly loss: Error | undefined
  protected abstract readonly nesting: Nesting<Joinable>

  /** For accesses that join this one. */
  get session(): this {
    return this
  }

  get state(): Record<string, unknown> {
    return this.content.proxy
  }

  delete(name: string): void {
    this.content.delete(name)
  }

  /** Ends the session's life now, and the use of this object. Changes that are not committed are dropped. */
  async destroy(): Promise<void> {
    this.checkEnding()
    this.isGone = true
    this.end()
    this.destruction = this.whileEnding(this.destroyed())
    await this.destruction
  }

  /** Moves the session under another id. The access goes on there. */
  async rotate(options: { readonly to?: string } = {}): Promise<string> {
    checkKeys(options, ROTATE_KEYS, 'session.rotate')
    this.checkEnding()
    return this.whileEnding(this.moved(options.to))
  }

  /** Runs `work` with this session around it: accesses to it join this one. */
  async run<T>(work: () => T | Promise<T>): Promise<T> {
    checkWork(work)
    this.checkUsable()
    const task = new Task()
    const leave = this.surround(task)
    try {
      return await task.run(work)
    } finally {
      leave()
    }
  }

  /** Accesses to this session in a task that runs already join it, until it ends or the function is called. */
  surround(task: Task): () => void {
    const scope = this.nesting.open([this as unknown as Joinable], 'waits')
    this.scopes ??= new Set()
    this.scopes.add(scope)
    task.surroundWith(scope)
    return () => {
      scope.close()
      this.scopes?.delete(scope)
    }
  }

  get isOver(): boolean {
    return this.isEnded
  }

  /** `destroy()` was called on this object: there is nothing to commit. */
  get isDestroyed(): boolean {
    return this.isGone
  }

  /** The parts of a session that a log may show. It shows no values. */
  toJSON(): { readonly epoch: number; readonly isEnded: boolean } {
    return { epoch: this.epoch, isEnded: this.isEnded }
  }

  [inspect.custom](): object {
    return { Session: this.toJSON() }
  }

  /** Ends the use of this object. */
  end(): void {
    this.isEnded = true
    for (const scope of this.scopes ?? []) scope.close()
  }

  /** Brings the end of the session into DynamoDB. This object has ended. */
  protected abstract destroyed(): Promise<void>

  /** Moves the session, and returns its new id. */
  protected abstract moved(to: string | undefined): Promise<string>

  /** The session has another key since a rotation. */
  protected renamed(key: SessionKey): void {
    this.formerKeys = [...(this.formerKeys ?? []), this.key]
    this.key = key
  }

  protected async whileEnding<T>(ending: Promise<T>): Promise<T> {
    this.ending = ending
    try {
      return await ending
    } finally {
      this.ending = undefined
    }
  }

  /** Nothing has happened where this throws. */
  protected checkEnding(): void {
    this.checkUsable()
    if (this.ticket.request.whole !== 'exclusive') throw new NotLockedError('*', 'end')
    if (this.ending !== undefined) throw new AccessEndedError('a rotation of this session is under way: await it first')
  }

  /** Throws where the access has ended or lost its session. */
  checkUsable(): void {
    if (this.loss !== undefined && !this.isGone) throw this.loss
    if (this.isGone) throw new AccessEndedError('session.destroy() was called: this session object ended with it')
    if (this.isEnded) throw new AccessEndedError()
  }
}
