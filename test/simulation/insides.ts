import type { SessionKey } from '../../protocol/keys.js'

/** The internals of a client. */
export interface Insides {
  readonly entrance: { readonly accesses: { readonly count: number; begin(): void } }
  readonly sessions: {
    readonly membership:
      | {
          readonly processId: string
          readonly requests: number
          readonly connector: { readonly gen: number }
          readonly isReady: boolean
          readonly state: { readonly kind: 'living' | 'over' }
          readonly lease: { readonly isConfirmed: boolean; readonly remainingMs: number }
        }
      | undefined
    readonly known: ReadonlyMap<SessionKey, LocalSessionInsides>
    readonly held: HeldSessions
  }
}

export interface LocalSessionInsides {
  readonly waiting: Waiting
  readonly onFreed: readonly unknown[] | undefined
  readonly lock: {
    readonly state: { readonly kind: string; readonly r?: number }
    explainTimeout(waitedMs: number): object
  }
  readonly lastUsedMs: number
  readonly hold:
    | {
        readonly epoch: number
        readonly isOpen: boolean
        readonly grant: { readonly busy: { readonly isOverdue: boolean } | undefined }
        readonly isAtWork: boolean
        readonly minimum: { readonly sinceMs: number } | undefined
        readonly accesses: {
          readonly isAny: boolean
          readonly isAnyRunning: boolean
          readonly running: readonly RunningTicket[]
        }
      }
    | undefined
}

interface RunningTicket {
  readonly role: string
  readonly runningSinceMs: number | undefined
}

interface Waiting {
  readonly count: number
  readonly tickets:
    | Iterable<{ readonly wait: object | undefined; readonly options: { readonly ifMissing: string } }>
    | undefined
}

interface HeldSessions {
  readonly cachedBytes: number
  readonly order: { readonly size: number; items(): Iterable<{ readonly countedBytes: number }> }
  letGo(session: object): void
}
