import { inspect } from 'node:util'
import type { SessionKey } from '../../protocol/keys.js'
import type { LockSpec } from '../attribute-locks/lock-request.js'
import type { AccessOptions, DestroyOptions } from '../options/access-options.js'
import type { AccessSession } from './access-session.js'

/** The calls of a client. Each takes the session's id, or a handle of it. */
interface Calls {
  access<T>(
    session: SessionHandle,
    locks: LockSpec,
    work: (session: AccessSession) => T | Promise<T>,
    options?: AccessOptions,
  ): Promise<T>
  open(session: SessionHandle, locks: LockSpec, options?: AccessOptions): Promise<unknown>
  peek(session: SessionHandle): Promise<unknown>
  destroy(session: SessionHandle, options?: DestroyOptions): Promise<boolean>
}

/** One session of a client, by its key: the id is not in here. Its calls are documented in holdfast-api.ts. */
export class SessionHandle {
  constructor(
    private readonly client: Calls,
    readonly key: SessionKey,
  ) {}

  access<T>(locks: LockSpec, work: (session: AccessSession) => T | Promise<T>, options?: AccessOptions): Promise<T> {
    return this.client.access(this, locks, work, options)
  }

  open(locks: LockSpec, options?: AccessOptions): Promise<unknown> {
    return this.client.open(this, locks, options)
  }

  peek(): Promise<unknown> {
    return this.client.peek(this)
  }

  destroy(options?: DestroyOptions): Promise<boolean> {
    return this.client.destroy(this, options)
  }

  isOf(client: unknown): boolean {
    return this.client === client
  }

  toJSON(): { readonly key: SessionKey } {
    return { key: this.key }
  }

  [inspect.custom](): object {
    return { SessionHandle: this.toJSON() }
  }
}
