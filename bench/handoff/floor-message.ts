/** What the trivial functions of the floor are told, and what they answer. */

export type FloorStep =
  | { readonly do: 'write' | 'refusedWrite' | 'read' }
  | { readonly do: 'push'; readonly to: string; readonly text: string }

export interface FloorMessage {
  /** The route: the same function as a message of this type of Holdfast's. */
  readonly type: 'acquire' | 'release'
  readonly key: string
  /** One after the other; the steps of one element run together. */
  readonly floor: readonly (readonly FloorStep[])[]
}

export interface FloorAnswer {
  readonly connectionId: string
  readonly startedAtMs: number
  readonly endedAtMs: number
}

export interface FloorPush {
  readonly pushed: string
  readonly sentAtMs: number
}

/** Milliseconds since 1970 with their fraction, comparable between the processes of one machine. */
export const epochMs = (): number => performance.timeOrigin + performance.now()
