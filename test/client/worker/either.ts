import type { HoldfastApi } from '../../../client/api.js'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
import { connectHoldfast } from '../../../client/worker/index.js'
import { World } from '../../support/world.js'
import type { Shop } from './this-thread.js'

/** The threads that have a client. */
export const THREADS = ['main', 'worker'] as const

/** A world in which the same calls are made by a client in the main thread, or by one of a worker thread. */
export class Either {
  readonly world = new World()
  private readonly threads: WorkerHoldfast<Shop>[] = []

  constructor(private readonly of: (typeof THREADS)[number]) {}

  /** A client of a process of its own. */
  client(options: object = {}): HoldfastApi<Shop> {
    return this.of === 'main' ? this.main(options) : this.threadOf(this.main(options))
  }

  main(options: object = {}): Holdfast<Shop> {
    return this.world.client<Shop>(options)
  }

  threadOf(main: Holdfast<Shop>): WorkerHoldfast<Shop> {
    const thread = connectHoldfast<Shop>(main.workerPort())
    this.threads.push(thread)
    return thread
  }

  async close(): Promise<void> {
    for (const thread of this.threads) thread.close()
    await this.world.close()
  }

  finish<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    return this.world.finish(promise, withinMs)
  }

  /** What the store has, read by a process that takes no part. */
  async stored(id = 'an id'): Promise<object | undefined> {
    const seen = await this.finish(this.world.client<Shop>().peek(id))
    return seen === undefined ? undefined : { ...seen.state }
  }

  async until(id = 'an id'): Promise<Date | undefined> {
    return (await this.finish(this.world.client().peek(id)))?.aliveUntil
  }
}

/** The code that a call fails with, its result otherwise. */
export const outcomeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: { readonly code?: string }) => error.code ?? error)
