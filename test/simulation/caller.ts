import type { Holdfast } from '../../client/holdfast.js'
import type { State } from './appended.js'
import type { Machine } from './machine.js'

/** The server that makes the calls. */
export interface Caller {
  readonly name: string
  readonly machine: Machine
  readonly client: Holdfast<State>
  attempt(id: string, call: () => Promise<void>): Promise<void>
  told(id: string): void
  sleep(ms: number): Promise<void>
  follow(id: string): void
  trueNowMs(): number
  blockedMs(wasLong: boolean): number
  keyOf(id: string): string
}
