import type { Transferable } from 'node:worker_threads'

/** One end of a channel between two threads: a `MessagePort`, or a simulation's own. */
export interface Port {
  postMessage(message: unknown, transferred?: readonly Transferable[]): void
  on(event: 'message', take: (message: unknown) => void): unknown
  on(event: 'close', end: () => void): unknown
  ref(): void
  unref(): void
  close(): void
}

export interface Channel {
  readonly port1: Port
  readonly port2: Port
}
