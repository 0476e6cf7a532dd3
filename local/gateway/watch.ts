import type { Push } from '../local-stack.js'

/** Sees what goes through the gateway. It changes nothing, and must not throw. */
export interface GatewayWatch {
  opened(connectionId: string): void
  closed(connectionId: string, code: number): void
  /** A message of a client, on its way to a function. */
  received(connectionId: string, text: string): void
  /** A message of a client that is beyond a quota: it reaches no function. */
  throttled(connectionId: string, text: string): void
  /** The answer to it. */
  answered(connectionId: string, text: string): void
  /** `lost` where a test loses it, `gone` without a connection, `full` where the client reads too slowly. */
  pushed(push: Push, delivery: 'sent' | 'lost' | 'gone' | 'full'): void
}
