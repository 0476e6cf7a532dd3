import type { MessagePort } from 'node:worker_threads'
import type { Holdfast } from '../../../client/holdfast.js'
import type { WorkerHoldfast } from '../../../client/worker/client.js'
import { connectHoldfast } from '../../../client/worker/index.js'
import { PORT_TURNS_MAX, settle, World } from '../../support/world.js'

export interface Shop {
  a: number
  b: number
  cart: { items: unknown[] }
}

export const ID = 'an id'

/** Both ends of one port: the client, and the client of the worker thread that would have the port. */
export interface Ends {
  readonly world: World
  readonly holdfast: Holdfast<Shop>
  readonly port: MessagePort
  readonly thread: WorkerHoldfast<Shop>
}

/**
 * The worker's client in the thread of the test, on a real port to the real main side, so that time is virtual and code
 * that runs is measured. A test file mocks `isMainThread`. Real threads are in worker.test.ts, ends.test.ts and
 * edges.test.ts; tryLock, which stands still, needs one.
 */
export function makeEnds(): Ends {
  const world = new World()
  const holdfast = world.client<Shop>()
  const port = holdfast.workerPort()
  return { world, holdfast, port, thread: connectHoldfast<Shop>(port) }
}

export async function closeEnds({ thread, world }: Ends): Promise<void> {
  thread.close()
  await world.close()
}

/** Lets what was sent through ports arrive, with all that follows from it: a message takes turns of the event loop. */
export async function arrive(): Promise<void> {
  for (let turns = 0; turns < PORT_TURNS_MAX; turns += 1) await settle()
}

/** The code that a call fails with, or `none`. */
export const codeOf = (world: World, promise: Promise<unknown>): Promise<unknown> =>
  world.finish(
    promise.then(
      () => 'none',
      (error: { readonly code?: string }) => error.code ?? error,
    ),
    60_000,
  )

export const storedBy = ({ world, holdfast }: Ends): Promise<unknown> =>
  world.finish(holdfast.access(ID, { all: 'read' }, (session) => ({ ...session.state })))

export const setBy = ({ world, thread }: Ends, values: Partial<Shop>): Promise<void> =>
  world.finish(thread.access(ID, 'all', (session) => void Object.assign(session.state, values)))
