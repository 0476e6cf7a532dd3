import type { SessionKey } from './keys.js'
import { MESSAGE_BYTES_MAX, PROTOCOL_VERSION, PROTOCOL_VERSION_LEAST } from './limits.js'
import { CLIENT_SCHEMAS, type Fields, type Schema } from './message-schema.js'
import type { Timing } from './timing.js'
import { utf8Bytes } from './utf8.js'

/**
 * The messages on the WebSocket, as JSON. Schemas are closed: an unknown type or field is refused, never ignored.
 * The store knows the sender by its connection; no message but `hello` says who sends it.
 */
export type ClientMessage = {
  [T in keyof typeof CLIENT_SCHEMAS]: { readonly type: T } & Fields<(typeof CLIENT_SCHEMAS)[T]>
}[keyof typeof CLIENT_SCHEMAS]
export type ClientMessageType = ClientMessage['type']

export interface Granted {
  readonly type: 'granted'
  readonly session: SessionKey
  readonly r: number
  readonly epoch: number
  /** Others wait already: release as soon as the own queue is done, without waiting for a revoke. */
  readonly contended: boolean
}

export type StoreMessage =
  | {
      readonly type: 'welcome'
      /** As in the `hello`. */
      readonly v: number
      readonly gen: number
      /** That of the process, which may be shorter than the one of `timing`. */
      readonly leaseMs: number
      /** A whole number, as text. */
      readonly incarnation: string
      readonly timing: Timing
    }
  | Granted
  | {
      readonly type: 'queued'
      readonly session: SessionKey
      readonly r: number
      /** How many processes stand between this one and the holder. */
      readonly position: number
      readonly nudgeAfterMs: number
      /** There is no place in the queue: nudges that repeat this get one, the oldest first. */
      readonly since?: number
      /** The holder's label, where it was known. */
      readonly holder?: string
    }
  | { readonly type: 'revoke'; readonly session: SessionKey; readonly epoch: number }
  | {
      readonly type: 'released'
      readonly session: SessionKey
      readonly epoch: number
      /** The releaser was itself the next in line. */
      readonly next?: { readonly r: number; readonly epoch: number; readonly contended: boolean }
      /** Another process was, and so many wait for that one. */
      readonly waiters?: number
    }
  | { readonly type: 'lost'; readonly session: SessionKey; readonly epoch: number; readonly reason: 'revoked' }
  | {
      readonly type: 'renewed'
      readonly n: number
      readonly leaseMs: number
      readonly incarnation: string
      /** Missing where a function of the version before answers: its timing is that of the `welcome`. */
      readonly timing?: Timing
      readonly asks: readonly { readonly session: SessionKey; readonly epoch: number }[]
      /** Another number than the last one: there are asks that these do not name. A `keep` of a session finds its own. */
      readonly more?: number
    }
  | ({ readonly type: 'noted'; readonly of: ClientMessageType } & Correlation)
  | ({
      readonly type: 'refused'
      readonly code: RefusalCode
      readonly message: string
      readonly of?: string
    } & Correlation)

/** The fields of the message that an answer belongs to. */
interface Correlation {
  readonly session?: SessionKey
  readonly r?: number
  readonly epoch?: number
  readonly n?: number
  readonly gen?: number
}

export type RefusalCode =
  | 'MALFORMED'
  | 'UNKNOWN_TYPE'
  | 'UNSUPPORTED_VERSION'
  | 'TOO_LARGE'
  | 'NO_HELLO'
  | 'WRONG_SECRET'
  | 'WRONG_PROCESS'
  | 'STALE_CONNECTION'
  | 'EVICTED'
  | 'FORBIDDEN'
  | 'STALE_REQUEST'
  | 'BUSY_RECORD'
  | 'TOO_MANY_MESSAGES'
  | 'INTERNAL'

export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly code: RefusalCode; readonly problem: string; readonly about: RefusedMessage }

/** The type of a message that was refused, and those of its identifying fields that were valid. */
export type RefusedMessage = Correlation & { readonly of?: ClientMessageType }

const refuse = (code: RefusalCode, problem: string, about: RefusedMessage = {}): ParsedMessage => ({
  ok: false,
  code,
  problem,
  about,
})

const CORRELATION = ['session', 'r', 'epoch', 'n', 'gen'] as const

/** The fields by which a sender recognises the message that an answer is about. */
export function correlate(type: ClientMessageType, fields: { readonly [field: string]: unknown }): RefusedMessage {
  const schema: Schema = CLIENT_SCHEMAS[type]
  const own = CORRELATION.filter((name) => Object.hasOwn(fields, name) && schema[name]?.(fields[name]))
  return { of: type, ...Object.fromEntries(own.map((name) => [name, fields[name]])) }
}

/** Reads a client's message. Anything but an exact match of one schema is refused, with the reason. */
export function parseClientMessage(body: unknown): ParsedMessage {
  if (typeof body !== 'string') return refuse('MALFORMED', 'expected a text message')
  // A text never has fewer bytes than UTF-16 units, so a far too long one need not be read.
  if (body.length > MESSAGE_BYTES_MAX || utf8Bytes(body) > MESSAGE_BYTES_MAX) {
    return refuse('TOO_LARGE', `a message has at most ${MESSAGE_BYTES_MAX} bytes`)
  }
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return refuse('MALFORMED', 'expected JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('MALFORMED', 'expected a JSON object')
  }
  const fields = value as { readonly [field: string]: unknown }
  const type = fields.type as ClientMessageType
  if (typeof type !== 'string' || !Object.hasOwn(CLIENT_SCHEMAS, type)) {
    return refuse('UNKNOWN_TYPE', `expected a type of ${Object.keys(CLIENT_SCHEMAS).join(', ')}`)
  }
  const about = correlate(type, fields)
  // Another version may have other fields, so the refusal names only its number.
  if (type === 'hello' && Number.isSafeInteger(fields.v)) {
    const problem = versionProblem(fields.v as number)
    if (problem !== undefined) return refuse('UNSUPPORTED_VERSION', problem, about)
  }
  const schema: Schema = CLIENT_SCHEMAS[type]
  for (const name of Object.keys(fields)) {
    if (name !== 'type' && !Object.hasOwn(schema, name))
      return refuse('MALFORMED', `'${type}' has an unknown field`, about)
  }
  for (const [name, check] of Object.entries(schema)) {
    const own = Object.hasOwn(fields, name) ? fields[name] : undefined
    if (!check(own)) return refuse('MALFORMED', `'${type}' has no valid '${name}'`, about)
  }
  return { ok: true, message: fields as ClientMessage }
}

function versionProblem(v: number): string | undefined {
  const spoken = `this store speaks versions ${PROTOCOL_VERSION_LEAST} to ${PROTOCOL_VERSION} of the protocol, received ${v}`
  if (v > PROTOCOL_VERSION) return `${spoken}: deploy the store of this client's version first, then the client`
  return v < PROTOCOL_VERSION_LEAST ? `${spoken}: deploy a newer client` : undefined
}

const STORE_TYPES: ReadonlySet<string> = new Set<StoreMessage['type']>([
  'welcome',
  'granted',
  'queued',
  'revoke',
  'released',
  'lost',
  'renewed',
  'noted',
  'refused',
])

/** Reads a message of the store. Undefined for anything else, such as API Gateway's own error frames. */
export function parseStoreMessage(body: string): StoreMessage | undefined {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null) return undefined
    const type = (value as { readonly type?: unknown }).type
    return typeof type === 'string' && STORE_TYPES.has(type) ? (value as StoreMessage) : undefined
  } catch {
    return undefined
  }
}
