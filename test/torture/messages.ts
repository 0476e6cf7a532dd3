/** A session's two lists, each under an attribute lock of its own, with a counter beside it. */
export type ListName = 'A' | 'B'
export const LISTS: readonly ListName[] = ['A', 'B']

export type State = { listA: string[]; countA: number; listB: string[]; countB: number }

/** The outcome of an append. `weak`: it resolved with write-back, and a crash or a reported loss may undo it. */
export type Outcome = 'acknowledged' | 'weak' | 'failed' | 'unknown'

export const ACCESS_KINDS = ['write', 'commit inside', 'two sessions', 'read', 'peek'] as const
export type AccessKind = (typeof ACCESS_KINDS)[number]

/** The parameters of a server. */
export interface Plan {
  readonly name: string
  readonly index: number
  readonly seed: number
  readonly namespace: string
  /** The session of each place. */
  readonly sessions: readonly string[]
  readonly tasks: number
  readonly pauseMs: number
  readonly options: object
}

export type ProviderMode = 'answers' | 'hangs' | 'fails'

/** An order to a server. Each is answered, under the same `n`, when it is done. */
export type Order =
  /** From now on another session stands in this place. Done when nothing here uses the old one any more. */
  | { readonly type: 'turn'; readonly place: number; readonly session: string }
  /** One append, whose answer is how long its locks took. */
  | { readonly type: 'append'; readonly session: string; readonly timeoutMs: number; readonly workMs: number }
  | { readonly type: 'peek'; readonly session: string }
  /** From now on the credentials provider does this. The answer: how often it hung or failed since the last order. */
  | { readonly type: 'provider'; readonly mode: ProviderMode }
  | { readonly type: 'memory' }
  /** Done when the tasks have ended. */
  | { readonly type: 'stop' }
  | { readonly type: 'close' }

/** Where in its list a token was put, and under which epoch. */
export interface Appended {
  readonly token: string
  readonly index: number
  readonly epoch: number
}

export interface Memory {
  readonly heapBytes: number
  readonly rssBytes: number
}

/** A report of a server. Times are those of {@link nowMs}. */
export type Report =
  | { readonly type: 'ready' }
  /** Sent, and received by the system, before the value is put into the list. */
  | {
      readonly type: 'begun'
      readonly session: string
      readonly list: ListName
      readonly token: string
      readonly calledAtMs: number
    }
  /** The appends of one access, or of one commit within it. */
  | {
      readonly type: 'ended'
      readonly outcome: Outcome
      readonly appended: readonly Appended[]
      readonly endedAtMs: number
    }
  | {
      readonly type: 'read'
      readonly session: string
      readonly list: ListName
      readonly tokens: readonly string[]
      readonly calledAtMs: number
    }
  /** An access has ended, with this error or none. */
  | {
      readonly type: 'access'
      readonly kind: AccessKind
      readonly outcome: Outcome
      readonly error: AccessError | undefined
    }
  | { readonly type: 'granted'; readonly sessionKey: string; readonly epoch: number }
  /** A session was lost, and with it the changes to be written behind. */
  | { readonly type: 'lost'; readonly sessionKey: string; readonly atMs: number }
  | { readonly type: 'violation'; readonly problem: string }
  | { readonly type: 'answer'; readonly n: number; readonly value?: unknown; readonly error?: AccessError }

export interface AccessError {
  readonly code: string
  readonly effect: string
  readonly retryable: boolean
  readonly reason: string | undefined
  readonly message: string
}
