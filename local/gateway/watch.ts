import type { Push } from '../local-stack.js'

/** Sees what goes through the gateway. It changes nothing, and must not throw. */
export interface GatewayWatch {
  opened(connectionId: string): void
  closed(connectionId: string, code: number): void
  /** A message of a client. */
  received(connectionId: string, text: string): void
  /** The answer to it. */
  answered(connectionId: string, text: string): void
  /** `lost` where a test loses it, `gone` without a connection, `full` where the client reads too slowly. */
  pushed(push: Push, delivery: 'sent' | 'lost' | 'gone' | 'full'): void
}
