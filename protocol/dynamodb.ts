import { invariant } from './assert.js'

/** Values, items and conditional updates in the form that DynamoDB gives them. */

/** A value in DynamoDB's wire form. The AWS SDK's `AttributeValue`, without the kinds that Holdfast never stores. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: Uint8Array }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: { readonly [name: string]: AttributeValue } }

export type Item = { readonly [name: string]: AttributeValue }

export type TableName = 'locks' | 'sessions'

/** One UpdateItem. A failed condition always returns the current item, so that no second read is needed. */
export interface Update {
  readonly table: TableName
  readonly key: string
  readonly condition: string
  readonly update: string
  readonly values: { readonly [placeholder: string]: AttributeValue }
  readonly names?: { readonly [placeholder: string]: string }
  /** `new` returns the item after the write; `none` returns nothing on success. */
  readonly returns: 'new' | 'none'
}

/** The outcome of an update: `item` is the new item, or the untouched one where the condition failed. */
export type UpdateOutcome =
  | { readonly applied: true; readonly item: Item | undefined }
  | { readonly applied: false; readonly item: Item | undefined }

/**
 * The outcome of updates that land together or not at all. Where a condition failed, `items` has one entry for each
 * update, in their order: the current item where its own condition failed, and undefined for all others.
 */
export type TransactOutcome =
  | { readonly applied: true }
  | { readonly applied: false; readonly items: readonly (Item | undefined)[] }

/** Ends a request that its sender does not need any more. An AbortSignal is one; this room knows no platform. */
export interface EndSignal {
  readonly aborted: boolean
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/**
 * The store as the protocol needs it. Both implementations pass one conformance suite. A request
 * that `signal` ends rejects with the signal's reason.
 */
export interface Store {
  update(update: Update, signal?: EndSignal): Promise<UpdateOutcome>
  /** Up to 100 updates of different items, which land together or not at all. None returns its item on success. */
  transact(updates: readonly Update[], signal?: EndSignal): Promise<TransactOutcome>
  /** A strongly consistent read. */
  get(table: TableName, key: string, signal?: EndSignal): Promise<Item | undefined>
  /** Removes an item, or does nothing where there is none. For records that nothing depends on. */
  remove(table: TableName, key: string, signal?: EndSignal): Promise<void>
}

/**
 * A request failed before anything of it was sent, and never will be sent: it has not landed. `cause` is the reason.
 * Any other error leaves that open, unless it is an answer of DynamoDB's.
 */
export class NotSentError extends Error {
  /** @param host is where it was to be sent, once that was known. */
  constructor(
    cause: unknown,
    readonly host?: string,
  ) {
    super('the request was not sent', { cause })
    this.name = 'NotSentError'
  }
}

/** Something answered that is not DynamoDB, such as a proxy or another server. It shows nothing of the answer. */
export class ForeignAnswerError extends Error {
  readonly $metadata: { readonly httpStatusCode: number }

  constructor(host: string, httpStatusCode: number) {
    super(`${host} answered with status ${httpStatusCode}, and not as DynamoDB does`)
    this.name = 'ForeignAnswerError'
    this.$metadata = { httpStatusCode }
  }
}

export const str = (value: string): AttributeValue => ({ S: value })

export function num(value: number): AttributeValue {
  invariant(Number.isFinite(value), 'a number that is stored is finite')
  return { N: String(value) }
}

/** DynamoDB's TTL is in seconds; everything else is in milliseconds. */
export const ttlSeconds = (atMs: number): AttributeValue => num(Math.ceil(atMs / 1000))
