import type { MixedConsumption } from '../costs/consumption.js'
import type { PlayState } from './play.js'

/**
 * What the inspector tells, and all that it tells. No entry has a session id, the value of an attribute, a secret or a
 * signature: a session is its namespace and the first characters of its hash.
 */
export type Fact =
  | Opened
  | Closed
  | ProcessFact
  | LockFact
  | StateFact
  | RefusalFact
  | MessageFact
  | TallyFact
  | LookFact
  | LocksFact
  | { readonly kind: 'play'; readonly play: PlayState }

export type Entry = Fact & {
  /** Counts the entries. The facts that a page begins with are older than the first entry, and have 0. */
  readonly n: number
  /** Milliseconds since 1970 by the clock of the stack, with fractions. */
  readonly at: number
}

interface Opened {
  readonly kind: 'opened'
  readonly connection: string
}

interface Closed {
  readonly kind: 'closed'
  readonly connection: string
  readonly process: string | undefined
  readonly code: number
}

/** The record of a process, as a write has left it. */
export interface ProcessFact {
  readonly kind: 'process'
  readonly process: string
  readonly label: string
  readonly connection: string
  readonly gen: number
  readonly leaseUntil: number
  readonly renewedAt: number
  readonly evictedAt?: number
  /** It sends its messages over HTTPS, and nothing can be pushed to it. */
  readonly isHttps?: true
  /** Asks that wait for its next renewal. */
  readonly asks: number
}

/** The record of a lock, as a write has left it. */
export interface LockFact {
  readonly kind: 'lock'
  readonly session: string
  readonly epoch: number
  readonly holder?: string
  readonly waiters: readonly string[]
  readonly askedAt?: number
  readonly busyUntil?: number
  /** It was read from the table, not seen as a write. */
  readonly isRead?: true
}

/**
 * `claim` raises the fence and reads; `birth` does so where there is no session. `record` is no write: the record was
 * read from the table.
 */
export type StateOperation = 'claim' | 'birth' | 'commit' | 'destroy' | 'rotate' | 'record'

/** A write to the state of a session, and its outcome. */
export interface StateFact {
  readonly kind: 'state'
  readonly session: string
  readonly operation: StateOperation
  readonly epoch: number
  /** `ok`, or the type of the error, as in `ConditionalCheckFailedException`. */
  readonly outcome: string
  /** How many attributes a commit changes. */
  readonly changes?: number
  /** Capacity units: each stands for a kilobyte of the record that was begun. */
  readonly units?: number
  readonly aliveUntil?: number
  /** Of a `record`: how many commits were written since the look before. */
  readonly commits?: number
}

/** A write to Locks that DynamoDB has refused for the moment, or not answered. Nothing of the record is known by it. */
export interface RefusalFact {
  readonly kind: 'refusal'
  /** Undefined for the record of a process. */
  readonly session?: string
  /** Whose seat or hold it is about, or whose record; undefined where the write does not name one. */
  readonly process?: string
  /** As in {@link StateFact}, or `dropped`. */
  readonly outcome: string
}

/** - `sent` by a client · `throttled`: sent by it, but beyond a quota of the gateway · `answered` to it · `pushed` to it. */
export type Way = 'sent' | 'throttled' | 'answered' | 'pushed'

/** A message of the protocol, with those of its fields that the inspector shows. */
export interface MessageFact {
  readonly kind: 'message'
  readonly way: Way
  /** As in docs/internals/protocol.md: `acquire`, `granted` and so on. */
  readonly type: string
  readonly process: string | undefined
  readonly session?: string
  readonly epoch?: number
  readonly r?: number
  readonly position?: number
  readonly isNudge?: true
  readonly isContended?: true
  /** Over HTTPS, not over a connection. */
  readonly isHttps?: true
  readonly of?: string
  readonly code?: string
  /** What became of a push. */
  readonly delivery?: 'sent' | 'lost' | 'gone' | 'full'
}

/**
 * Locks that one access has got together, or waits for: by name. An application tells them, where it does: the store does
 * not know them. Times are by the clock of the stack. The last fact about a use is all of it.
 */
export interface LocksFact {
  readonly kind: 'locks'
  readonly session: string
  readonly epoch: number
  /** Names these locks. */
  readonly use: string
  /** The label of the access. */
  readonly label: string
  /** The whole session. */
  readonly all?: 'write' | 'read'
  readonly write: readonly string[]
  readonly read: readonly string[]
  /** So many names are left out. */
  readonly more?: number
  /** When the wait for them began. It is `from` where there was none. */
  readonly since: number
  /** Undefined while it waits, or where it gave up. */
  readonly from?: number
  /** Undefined while it waits, or has them. */
  readonly to?: number
  /** Up to so many accesses of this process, before this one, were too many to be told. */
  readonly untold?: number
}

/** What was counted since the last tally. */
export interface Tally extends MixedConsumption {
  readonly requests: number
  /** Connections that are open now. */
  readonly connections: number
}

type TallyFact = { readonly kind: 'tally' } & Tally

/** The tables were looked at: what else there is comes from looks, not from the stack itself. */
export interface LookFact {
  readonly kind: 'looked'
  readonly intervalMs: number
  readonly tookMs: number
  readonly records: number
  /** Read units, and their bound for a second. */
  readonly units: number
  readonly unitsPerSecond: number
  /** The records of the sessions themselves are read, too. */
  readonly hasStates: boolean
  /** The page may end processes. */
  readonly mayEvict: boolean
  /** Locks has more records than one look reads. */
  readonly isPartial?: true
  /** Why the look failed. */
  readonly problem?: string
}

/** Whether an entry belongs to this session's timeline. */
export const isAbout = (entry: Entry, session: string): boolean => 'session' in entry && entry.session === session
