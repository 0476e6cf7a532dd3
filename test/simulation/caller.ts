import type { Machine } from './machine.js'

/** The server that makes the calls. */
export interface Caller {
  readonly name: string
  readonly machine: Machine
  /** A value that nobody else appends. */
  token(): string
  attempt(id: string, call: () => Promise<void>): Promise<void>
  told(id: string): void
  sleep(ms: number): Promise<void>
  follow(id: string): void
  trueNowMs(): number
  blockedMs(wasLong: boolean): number
  keyOf(id: string): string
}
