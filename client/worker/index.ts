/**
 * The client of a worker thread.
 *
 * @module holdfast/worker
 */

import { isMainThread, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { InvalidArgumentError } from '../errors/index.js'
import { kindOf } from '../options/check.js'
import type { StorableAttributes } from '../state/types.js'
import { WorkerClient, type WorkerHoldfast } from './client.js'
import type { Greeting } from './messages.js'

export * from '../errors/index.js'
export type { WorkerHoldfast } from './client.js'

// Two clients on one port would take each other's answers.
const clients = new WeakMap<MessagePort, WorkerClient>()

/**
 * Makes the client of a worker thread, from a port of the main thread's client (`workerPort()`). The main thread
 * arbitrates the accesses of all threads: attribute locks, deadlocks, commits and losses are the same as for its own
 * accesses. An access copies only the values that it locked from thread to thread. A second call with the same port
 * returns the same client.
 *
 * A session of `open` keeps the thread alive until it is closed, destroyed or disposed of.
 *
 * The hazard: when the thread ends, for any reason, its accesses end without a commit and its locks are freed. Also,
 * `session.tryLock` is synchronous: it blocks the thread until the main thread has answered. After 10 s without an
 * answer it throws an {@link UnreachableError}.
 *
 * @throws {InvalidArgumentError} in the main thread, or when `port` is not a port.
 * @example
 * // main thread
 * const port = holdfast.workerPort()
 * new Worker('./job.js', { workerData: { port }, transferList: [port] })
 *
 * // job.js
 * import { workerData } from 'node:worker_threads'
 * import { connectHoldfast } from 'holdfast/worker'
 * const holdfast = connectHoldfast(workerData.port) // in TypeScript: connectHoldfast<ShopSession>(workerData.port)
 * await holdfast.access(id, { write: ['cart'] }, ({ state }) => {
 *   state.cart = { items: [] }
 * })
 */
export function connectHoldfast<S extends StorableAttributes<S> = Record<string, unknown>>(
  port: MessagePort,
): WorkerHoldfast<S> {
  if (isMainThread) {
    throw new InvalidArgumentError('connectHoldfast is for worker threads: in the main thread use the client itself')
  }
  const client = clients.get(port) ?? new WorkerClient(port, greetingOn(port))
  clients.set(port, client)
  return client as unknown as WorkerHoldfast<S>
}

/** The message that the main thread's client has sent before it gave the port away. */
function greetingOn(port: MessagePort): Greeting {
  const greeting = typeof port?.postMessage === 'function' ? received(port) : undefined
  if (greeting?.kind === 'greeting') return greeting
  throw new InvalidArgumentError(
    `connectHoldfast takes a port of workerPort() that no other thread has connected, received ${kindOf(port)}`,
  )
}

function received(port: MessagePort): Greeting | undefined {
  try {
    return receiveMessageOnPort(port)?.message
  } catch {
    // It is no MessagePort of Node.js.
    return undefined
  }
}
