import type { HoldfastConfig } from '../../client/options/store-config.js'

/** What `bench` tells one of its processes. */
export type Order =
  | {
      readonly do: 'start'
      readonly config: HoldfastConfig
      readonly namespace: string
      readonly label: string
      /** Its parent has AWS credentials for it, and is asked for them. */
      readonly asksCredentials: boolean
    }
  /** Make these sessions, and keep them. It is answered with {@link Taken}. */
  | { readonly do: 'take'; readonly ids: readonly string[] }
  | {
      readonly do: 'kept' | 'commit'
      readonly ids: readonly string[]
      readonly ms: number
      /** Operations in a second, at most. */
      readonly perSecondMax: number
    }
  /** Take this session from the process that keeps it. It is answered with a {@link Handoff}. */
  | { readonly do: 'handoff'; readonly id: string }
  /** The part that runs ends now. */
  | { readonly do: 'end' }

/** What a process asks its parent for. */
export const CREDENTIALS = 'credentials'

export interface Taken {
  /** The sessions that are made, or may be. */
  readonly made: readonly string[]
  /** Why one could not be made. */
  readonly problem: { readonly code: string; readonly message: string } | undefined
}

export interface Handoff {
  /** The session came from another process. */
  readonly isHandoff: boolean
  /** From the call until the work began. */
  readonly waitedMs: number
}

/** What was done in one part. */
export interface Work {
  readonly operations: number
  /** Of those that failed, by the code of the error. */
  readonly errors: Readonly<Record<string, number>>
  readonly ms: number
  /** Of the operations, or of a choice of them. */
  readonly timesMs: readonly number[]
}
