interface Shared {
  readonly listeners: Set<() => void>
  readonly fire: () => void
}

const shared = new WeakMap<AbortSignal, Shared>()
const nothing = (): void => {}

/**
 * Calls `listener` when the signal, if there is one, is aborted. The returned function ends that. All listeners share
 * one at the signal: an application passes the signal of its shutdown to thousands of calls, and Node.js would warn of
 * a leak.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return nothing
  const { listeners, fire } = shared.get(signal) ?? share(signal)
  listeners.add(listener)
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return
    shared.delete(signal)
    signal.removeEventListener('abort', fire)
  }
}

function share(signal: AbortSignal): Shared {
  const listeners = new Set<() => void>()
  const fire = () => {
    for (const listener of listeners) listener()
  }
  signal.addEventListener('abort', fire)
  const made: Shared = { listeners, fire }
  shared.set(signal, made)
  return made
}
