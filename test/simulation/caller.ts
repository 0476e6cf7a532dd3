import type { Machine } from './machine.js'

/** Who makes the calls: a server, or one of its worker threads. */
export interface Caller {
  readonly name: string
  readonly isThread: boolean
  readonly machine: Pick<Machine, 'after' | 'block' | 'isDead' | 'wallMs'>
  /** What its client knows, it is told within this time. */
  readonly toldWithinMs: number
  /** A value that nobody else appends. */
  token(): string
  attempt(id: string, call: () => Promise<unknown>): Promise<void>
  told(id: string): void
  sleep(ms: number): Promise<void>
  follow(id: string): void
  trueNowMs(): number
  blockedMs(wasLong: boolean): number
  keyOf(id: string): string
  /** Runs it if this one ends, and its server goes on, before the returned function is called. */
  onEnd(run: () => void): () => void
}
