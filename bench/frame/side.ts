/**
 * What runs in the process of a side. The module of a side exports `start`, of type {@link StartSide}; side-process.ts
 * starts it, and side-main.ts is its other end.
 */

/** Numbers and texts that a side is started with, as JSON. */
export type Setting = Readonly<Record<string, string | number | boolean>>

export interface StartOrder {
  readonly setting: Setting
  /** This process among those of its side, from 0. */
  readonly index: number
}

/** How long one round lasts: so many operations of each process, or so many milliseconds. */
export type RoundLength = { readonly operations: number } | { readonly ms: number }

/** What one process did in one round. */
export interface Work {
  readonly operations: number
  readonly wallMs: number
  /** Of each operation, or of some of them where they are too short for a clock. */
  readonly latenciesMs: readonly number[]
  /** User and system time of the process. */
  readonly cpuMs: number
  /** Counts of the side's own, such as lost updates. They are added up over processes. */
  readonly counts: Readonly<Record<string, number>>
}

export interface RunningSide {
  round(length: RoundLength): Promise<Work>
  stop(): Promise<void>
}

export type StartSide = (order: StartOrder) => Promise<RunningSide>
