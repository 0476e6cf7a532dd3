import { MESSAGE_BYTES_MAX } from '../../protocol/limits.js'
import type { ClientMessageType, RefusalCode, StoreMessage } from '../../protocol/messages.js'
import { DEFAULT_TIMING } from '../../protocol/timing.js'

/** The messages that the store may send, written down once more, field by field: types are gone at run time. */

type Check = (value: unknown) => boolean
type Form = { readonly [field: string]: Check }

const session: Check = (value) => typeof value === 'string' && /^[\w.-]{1,64}#[\w-]{43}$/.test(value)
const from =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least
const text: Check = (value) => typeof value === 'string' && value !== '' && value.length <= 200
const number: Check = (value) => typeof value === 'string' && /^\d{1,16}$/.test(value)
const label: Check = (value) => typeof value === 'string' && /^[\x20-\x7e]{1,64}$/.test(value)
const ms: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value > 0
const truth: Check = (value) => typeof value === 'boolean'
const is =
  (...allowed: readonly unknown[]): Check =>
  (value) =>
    allowed.includes(value)
const listOf =
  (form: Form): Check =>
  (value) =>
    Array.isArray(value) && value.every((entry) => problemIn(entry, form, {}) === undefined)
const formed =
  (form: Form): Check =>
  (value) =>
    problemIn(value, form, {}) === undefined

const counter = from(1)
const timing: Form = Object.fromEntries(
  Object.keys(DEFAULT_TIMING).map((name) => [name, (value: unknown) => typeof value === 'number' && value >= 0]),
)

const CODES: { readonly [C in RefusalCode]: true } = {
  MALFORMED: true,
  UNKNOWN_TYPE: true,
  UNSUPPORTED_VERSION: true,
  TOO_LARGE: true,
  NO_HELLO: true,
  WRONG_SECRET: true,
  WRONG_PROCESS: true,
  STALE_CONNECTION: true,
  EVICTED: true,
  FORBIDDEN: true,
  STALE_REQUEST: true,
  BUSY_RECORD: true,
  TOO_MANY_MESSAGES: true,
  INTERNAL: true,
}

/** The fields of a message by which its sender recognises the answer. */
const CORRELATED: { readonly [T in ClientMessageType]: Form } = {
  hello: { gen: counter },
  acquire: { session, r: counter },
  cancel: { session, r: counter },
  release: { session, epoch: counter, r: counter },
  busy: { session, epoch: counter },
  keep: { session, epoch: counter },
  renew: { n: counter },
  retire: {},
}

const grant: Form = { r: counter, epoch: counter, contended: truth }

/** By type: the required fields, then the optional ones. */
const FORMS: { readonly [T in Exclude<StoreMessage['type'], 'noted' | 'refused'>]: readonly [Form, Form] } = {
  welcome: [{ v: is(1), gen: counter, leaseMs: ms, incarnation: number, timing: formed(timing) }, {}],
  granted: [{ session, ...grant }, {}],
  queued: [
    { session, r: counter, position: from(0), nudgeAfterMs: ms },
    { holder: label, since: from(0) },
  ],
  revoke: [{ session, epoch: counter }, {}],
  released: [
    { session, epoch: counter },
    { next: formed(grant), waiters: from(0) },
  ],
  lost: [{ session, epoch: counter, reason: is('revoked') }, {}],
  renewed: [
    { n: counter, leaseMs: ms, incarnation: number, timing: formed(timing), asks: listOf({ session, epoch: counter }) },
    { more: counter },
  ],
}

const NOTED: ReadonlySet<unknown> = new Set<ClientMessageType>(['cancel', 'busy', 'keep', 'retire'])

/** The problem of a message of the store, or undefined where it is exactly one that the store may send. */
export function problemOf(message: unknown): string | undefined {
  const written = JSON.stringify(message)
  if (Buffer.byteLength(written ?? '') > MESSAGE_BYTES_MAX) return 'it is larger than a message may be'
  const { type, of, ...rest } = (message ?? {}) as { readonly [field: string]: unknown }
  if (type === 'noted') {
    return NOTED.has(of) ? problemIn(rest, CORRELATED[of as ClientMessageType], {}) : 'it notes what is not noted'
  }
  if (type === 'refused') return refusalProblem(of, rest)
  const form = typeof type === 'string' && Object.hasOwn(FORMS, type) ? FORMS[type as keyof typeof FORMS] : undefined
  if (form === undefined) return `there is no type ${String(type)}`
  return problemIn(of === undefined ? rest : { ...rest, of }, ...form)
}

function refusalProblem(of: unknown, { code, message, ...correlated }: { readonly [field: string]: unknown }) {
  if (typeof code !== 'string' || !Object.hasOwn(CODES, code)) return `there is no code ${String(code)}`
  if (!text(message)) return 'it says nothing'
  if (of === undefined) return problemIn(correlated, {}, {})
  if (typeof of !== 'string' || !Object.hasOwn(CORRELATED, of)) return 'it is of what clients do not send'
  return problemIn(correlated, {}, CORRELATED[of as ClientMessageType])
}

function problemIn(value: unknown, required: Form, optional: Form): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'expected an object'
  const fields = value as { readonly [field: string]: unknown }
  for (const [name, field] of Object.entries(fields)) {
    const check = Object.hasOwn(required, name) ? required[name] : Object.hasOwn(optional, name) && optional[name]
    if (!check) return `it has a field '${name}'`
    if (!check(field)) return `its '${name}' is ${JSON.stringify(field)}`
  }
  const missing = Object.keys(required).find((name) => !Object.hasOwn(fields, name))
  return missing === undefined ? undefined : `it has no '${missing}'`
}
