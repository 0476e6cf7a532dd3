import type { ProviderMode } from './messages.js'
import type { HttpMessage, TcpProxy } from './proxy.js'
import type { ServerSlot } from './server-slot.js'

/** A fault under way that knows how often it has struck: for certain once it has ended. */
export interface Strikes {
  readonly end: () => unknown
  readonly struck: () => number
}

/** From now on messages like this stall in the middle of their body. */
export function stallBodies(proxy: Pick<TcpProxy, 'trouble'>, fits: (message: HttpMessage) => boolean): Strikes {
  let count = 0
  const stalls = (message: HttpMessage) => {
    const isStalled = fits(message)
    if (isStalled) count += 1
    return isStalled
  }
  return { end: proxy.trouble({ stalls }), struck: () => count }
}

/** From now on the credentials provider of this slot's process hangs or fails. Undefined where there is no process. */
export async function troubleProvider(slot: Pick<ServerSlot, 'ask'>, mode: ProviderMode): Promise<Strikes | undefined> {
  let count = 0
  const become = (next: ProviderMode) =>
    slot.ask({ type: 'provider', mode: next }).then(
      (struck) => struck as number,
      // Its process has died, and the next one has a provider that answers.
      () => undefined,
    )
  if ((await become(mode)) === undefined) return undefined
  const end = async () => {
    count = (await become('answers')) ?? 0
  }
  return { end, struck: () => count }
}
