import { constants } from 'node:os'

interface Closable {
  close(): Promise<void>
}

/** The parts of `process` that are used here. */
export type Signalled = Pick<NodeJS.Process, 'pid' | 'prependListener' | 'off' | 'listeners' | 'kill' | 'exit'>

/** Marks the listeners of all copies of this package: none of them takes another's for the application's own. */
const MARK = Symbol.for('holdfast.closesOnSignal')

/** Where signal-exit 4 counts its listeners; version 3 does so at `process`. */
const FOURTH = Symbol.for('signal-exit emitter')

/**
 * The clients of a process that close when it gets a signal. Afterwards the process ends by that signal, as without
 * them, unless the application listens for the signal itself: then it ends the process, or goes on.
 */
export class ClosingSignals {
  private readonly clients = new Map<NodeJS.Signals, Set<Closable>>()
  private readonly listener = Object.assign((signal: NodeJS.Signals) => this.received(signal), { [MARK]: true })
  /** Signals whose clients are still closing. */
  private closing = 0

  constructor(private readonly process: Signalled) {}

  /** Closes the client at these signals. The returned function ends that. */
  add(client: Closable, signals: readonly NodeJS.Signals[]): () => void {
    for (const signal of signals) {
      const known = this.clients.get(signal)
      if (known !== undefined) known.add(client)
      else {
        this.clients.set(signal, new Set([client]))
        // Ahead of the application's: those added by `once` would otherwise be gone before they are counted.
        this.process.prependListener(signal, this.listener)
      }
    }
    return () => {
      for (const signal of signals) this.remove(client, signal)
    }
  }

  private remove(client: Closable, signal: NodeJS.Signals): void {
    const known = this.clients.get(signal)
    if (known?.delete(client) && known.size === 0) this.forget(signal)
  }

  private forget(signal: NodeJS.Signals): void {
    this.clients.delete(signal)
    this.process.off(signal, this.listener)
  }

  private received(signal: NodeJS.Signals): void {
    const isToEnd = !this.isHandled(signal)
    // A second signal ends the process at once.
    if (isToEnd && this.closing > 0) this.end(signal)
    else void this.close(signal, isToEnd)
  }

  private async close(signal: NodeJS.Signals, isToEnd: boolean): Promise<void> {
    this.closing += 1
    const clients = [...(this.clients.get(signal) ?? [])]
    await Promise.allSettled(clients.map((client) => client.close()))
    this.closing -= 1
    if (isToEnd) this.end(signal)
  }

  /** Whether the application listens for the signal itself. */
  private isHandled(signal: NodeJS.Signals): boolean {
    const others = this.process.listeners(signal).filter((listener) => !isMarked(listener))
    return others.length > forwarders(this.process)
  }

  /** Ends the process by the signal, unless another copy of this package still closes its clients and will do that. */
  private end(signal: NodeJS.Signals): void {
    this.forget(signal)
    if (this.process.listeners(signal).some(isMarked)) return
    // The first process of a container cannot end by a signal that it does not listen to.
    if (this.process.pid === 1) this.process.exit(128 + constants.signals[signal])
    else this.process.kill(this.process.pid, signal)
  }
}

export const closingSignals = new ClosingSignals(process)

/**
 * The number of listeners of the library signal-exit, on which many others build. When nobody else listens any more, they
 * end the process by the signal.
 */
function forwarders(holder: object): number {
  const { __signal_exit_emitter__: third } = holder as { __signal_exit_emitter__?: { count?: number } }
  const { [FOURTH]: fourth } = globalThis as { [FOURTH]?: { count?: number } }
  return (third?.count ?? 0) + (fourth?.count ?? 0)
}

const isMarked = (listener: object): boolean => MARK in listener
