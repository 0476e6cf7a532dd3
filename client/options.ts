import { inspect } from 'node:util'
import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb'
import { NAMESPACE_PATTERN } from '../protocol/keys.js'
import { LABEL_CHARS_MAX, NAMESPACE_CHARS_MAX, SESSION_BYTES_MAX, SESSION_ID_BYTES_MAX } from '../protocol/limits.js'
import { InvalidArgumentError } from './errors.js'
import {
  CACHED_BYTES_DEFAULT,
  DRAIN_DEFAULT_MS,
  FLUSH_DEFAULT_MS,
  FLUSH_MAX_MS,
  HELD_SESSIONS_DEFAULT,
  HELD_SESSIONS_MAX,
  IDLE_RELEASE_DEFAULT_MS,
  OPTION_MS_MAX,
  TOUCH_SHARE_DEFAULT,
  TTL_DEFAULT_MS,
  TTL_MAX_MS,
  WAIT_TIMEOUT_DEFAULT_MS,
} from './limits.js'
import { SchemaCheck, type Schemas } from './schemas.js'
import type { CompiledAccessOptions } from './ticket.js'

/** When an access resolves: when its changes are in DynamoDB, or at once, and the changes are written later. */
export type Durability = 'access' | 'release'

/** Where the store is: the value of the stack's output `HoldfastConfig`. */
export interface HoldfastConfig {
  /** `wss://…`, the WebSocket API with its stage. */
  readonly url: string
  readonly region: string
  readonly sessionsTable: string
  /**
   * DynamoDB's address, for a local stack.
   * @default - the region's own
   */
  readonly dynamoDbEndpoint?: string
}

/** Options of {@link createHoldfast}. All times are milliseconds. */
export interface HoldfastOptions<S extends object = Record<string, unknown>> {
  /**
   * Where the store is, as an object or as the JSON text of the stack's output.
   * @default - the environment variable HOLDFAST_CONFIG
   */
  readonly config?: HoldfastConfig | string
  /** Keeps the sessions of several applications apart: 1 to 64 of A-Z a-z 0-9 _ . - */
  readonly namespace: string
  /**
   * A session lives this long after its last commit; accesses that change nothing extend it, too, with few writes.
   * @default 86400000 (a day)
   */
  readonly ttlMs?: number
  /**
   * An access that changes nothing extends the session's life once this share of `ttlMs` has passed.
   * @default 0.1
   */
  readonly touchShare?: number
  /**
   * Names this process to others that wait for it. Printable ASCII, at most 64 characters; not a secret.
   * @default ''
   */
  readonly label?: string
  /**
   * `untilRevoked` keeps a session until another process asks for it. `perAccess` releases it when the access ends:
   * right for processes that may be frozen between requests.
   * @default - 'perAccess' inside AWS Lambda, else 'untilRevoked'
   */
  readonly holdPolicy?: 'untilRevoked' | 'perAccess'
  /**
   * A held session that was not used for this long is released.
   * @default 300000 (five minutes)
   */
  readonly idleReleaseMs?: number
  /**
   * Sessions held at once; beyond it the least recently used is released.
   * @default 10000
   */
  readonly heldSessionsMax?: number
  /**
   * How long an access waits for its locks, unless it says otherwise.
   * @default 30000
   */
  readonly timeoutMs?: number
  /**
   * The largest size of one attribute, and of a whole session, in bytes as DynamoDB counts. DynamoDB's own limit of
   * 400 KB for an item is the upper bound of both. What is over a limit already can be read, shrunk and deleted.
   * @default 407552 (398 KiB) each
   */
  readonly attributeBytesMax?: number
  readonly sessionBytesMax?: number
  /**
   * State cached at once, in bytes as DynamoDB counts; beyond it the least recently used session is released. In
   * memory it takes several times as much.
   * @default 67108864 (64 MiB)
   */
  readonly cachedBytesMax?: number
  /**
   * When an access resolves. `access`: when its changes are in DynamoDB. `release` (write-back): at once; the changes
   * are written when the session is given up, after `flushMs`, and by `session.commit()` or an access with `access`.
   * The hazard of `release`: a crash loses what was changed in the last `flushMs`, and a commit that fails is only
   * reported by the event `lost`.
   * @default 'access'
   */
  readonly durability?: Durability
  /**
   * With `durability: 'release'`: how long a change may stay unwritten.
   * @default 1000
   */
  readonly flushMs?: number
  /**
   * `rolling`: each access extends the session's life to `ttlMs` from then. `fixed`: it ends `ttlMs` after its
   * creation, however much it is used.
   * @default 'rolling'
   */
  readonly expiry?: 'rolling' | 'fixed'
  /**
   * A schema for each attribute that is to have one: zod's, valibot's, arktype's or any other with the Standard Schema
   * interface. It must be synchronous, and accept what it puts out. A change is checked before it is committed, and
   * what the schema makes of it is stored; what is read is passed through the schema first, which may so migrate an
   * older shape: the new one is stored by the next access that reads it under a write lock. A mismatch throws a
   * SchemaError.
   * @default - none
   */
  readonly schemas?: Schemas<S>
  /**
   * AWS credentials, or a function that provides them.
   * @default - the AWS SDK's default chain
   */
  readonly credentials?: NonNullable<DynamoDBClientConfig['credentials']>
}

/** Options of one access. */
export interface AccessOptions {
  /** Ends the wait for the locks. A running access is not stopped by it. */
  readonly signal?: AbortSignal
  /**
   * How long to wait for the locks, in milliseconds.
   * @default - the client's `timeoutMs`
   */
  readonly timeoutMs?: number
  /**
   * What to do when there is no such session: create it, or throw a SessionMissingError.
   * @default 'create'
   */
  readonly ifMissing?: 'create' | 'fail'
  /**
   * When the access resolves; see {@link HoldfastOptions.durability}.
   * @default - the client's `durability`
   */
  readonly durability?: Durability
  /**
   * Names this access in a DeadlockError. Not a secret.
   * @default 'access'
   */
  readonly label?: string
}

/** Options of {@link Holdfast.rotate}. */
export interface RotateOptions extends Omit<AccessOptions, 'ifMissing' | 'durability'> {
  /**
   * The new id. It must not be in use.
   * @default - a new random one of 256 bits
   */
  readonly to?: string
}

/** Options of `session.lock`. */
export interface LockOptions {
  /**
   * How long to wait for the locks, in milliseconds.
   * @default - that of the access
   */
  readonly timeoutMs?: number
}

export interface CompiledOptions {
  readonly config: HoldfastConfig
  readonly namespace: string
  readonly ttlMs: number
  readonly touchShare: number
  readonly label: string
  readonly isReleasedAfterAccess: boolean
  readonly idleReleaseMs: number
  readonly heldSessionsMax: number
  readonly timeoutMs: number
  readonly attributeBytesMax: number
  readonly sessionBytesMax: number
  readonly cachedBytesMax: number
  readonly durability: Durability
  readonly flushMs: number
  readonly isFixedExpiry: boolean
  readonly schemas: SchemaCheck
  readonly credentials: HoldfastOptions['credentials']
}

type Keys<T> = { readonly [K in keyof Required<T>]: true }

const OPTION_KEYS: Keys<HoldfastOptions> = {
  config: true,
  namespace: true,
  ttlMs: true,
  touchShare: true,
  label: true,
  holdPolicy: true,
  idleReleaseMs: true,
  heldSessionsMax: true,
  timeoutMs: true,
  attributeBytesMax: true,
  sessionBytesMax: true,
  cachedBytesMax: true,
  durability: true,
  flushMs: true,
  expiry: true,
  schemas: true,
  credentials: true,
}
const ACCESS_KEYS: Keys<AccessOptions> = {
  signal: true,
  timeoutMs: true,
  ifMissing: true,
  durability: true,
  label: true,
}
const NEW_SESSION_KEYS: Keys<Omit<AccessOptions, 'ifMissing'>> = {
  signal: true,
  timeoutMs: true,
  durability: true,
  label: true,
}
const LOCK_KEYS: Keys<LockOptions> = { timeoutMs: true }
const CLOSE_KEYS = { drainMs: true } as const
const CONFIG_KEYS: Keys<HoldfastConfig> = { url: true, region: true, sessionsTable: true, dynamoDbEndpoint: true }

/** Checks and completes the options of a client, before anything happens. */
export function compileOptions<S extends object>(
  options: HoldfastOptions<S>,
  environment: NodeJS.ProcessEnv,
): CompiledOptions {
  checkKeys(options, OPTION_KEYS, 'createHoldfast')
  const { namespace, label = '', holdPolicy, expiry = 'rolling', credentials } = options
  if (typeof namespace !== 'string' || !NAMESPACE_PATTERN.test(namespace)) {
    throw invalid('namespace', `1 to ${NAMESPACE_CHARS_MAX} characters of A-Z a-z 0-9 _ . -`, namespace)
  }
  if (typeof label !== 'string' || !new RegExp(`^[\\x20-\\x7e]{0,${LABEL_CHARS_MAX}}$`).test(label)) {
    throw invalid('label', `at most ${LABEL_CHARS_MAX} printable ASCII characters`, label)
  }
  if (holdPolicy !== undefined && holdPolicy !== 'untilRevoked' && holdPolicy !== 'perAccess') {
    throw invalid('holdPolicy', "'untilRevoked' or 'perAccess'", holdPolicy)
  }
  if (expiry !== 'rolling' && expiry !== 'fixed') throw invalid('expiry', "'rolling' or 'fixed'", expiry)
  const touchShare = options.touchShare ?? TOUCH_SHARE_DEFAULT
  if (typeof touchShare !== 'number' || !(touchShare > 0 && touchShare <= 1)) {
    throw invalid('touchShare', 'a number above 0 and at most 1', touchShare)
  }
  return {
    config: compileConfig(options.config, environment.HOLDFAST_CONFIG),
    namespace,
    ttlMs: integer('ttlMs', options.ttlMs ?? TTL_DEFAULT_MS, 1_000, TTL_MAX_MS),
    touchShare,
    label,
    isReleasedAfterAccess: (holdPolicy ?? defaultPolicy(environment)) === 'perAccess',
    idleReleaseMs: integer('idleReleaseMs', options.idleReleaseMs ?? IDLE_RELEASE_DEFAULT_MS, 1, OPTION_MS_MAX),
    heldSessionsMax: integer('heldSessionsMax', options.heldSessionsMax ?? HELD_SESSIONS_DEFAULT, 1, HELD_SESSIONS_MAX),
    timeoutMs: integer('timeoutMs', options.timeoutMs ?? WAIT_TIMEOUT_DEFAULT_MS, 1, OPTION_MS_MAX),
    attributeBytesMax: byteLimit('attributeBytesMax', options.attributeBytesMax ?? SESSION_BYTES_MAX),
    sessionBytesMax: byteLimit('sessionBytesMax', options.sessionBytesMax ?? SESSION_BYTES_MAX),
    cachedBytesMax: integer(
      'cachedBytesMax',
      options.cachedBytesMax ?? CACHED_BYTES_DEFAULT,
      SESSION_BYTES_MAX,
      Number.MAX_SAFE_INTEGER,
    ),
    durability: compileDurability(options.durability ?? 'access'),
    flushMs: integer('flushMs', options.flushMs ?? FLUSH_DEFAULT_MS, 1, FLUSH_MAX_MS),
    isFixedExpiry: expiry === 'fixed',
    schemas: new SchemaCheck(options.schemas),
    credentials,
  }
}

/** The options of an access that are not the client's own, checked before anything happens. */
export function compileAccessOptions(
  options: AccessOptions | undefined,
  defaults: Pick<CompiledOptions, 'timeoutMs' | 'durability'>,
): CompiledAccessOptions {
  if (options === undefined) {
    const { timeoutMs, durability } = defaults
    return { signal: undefined, timeoutMs, ifMissing: 'create', durability, label: 'access' }
  }
  checkKeys(options, ACCESS_KEYS, 'an access')
  const { signal, ifMissing = 'create', label = 'access' } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid('signal', 'an AbortSignal', signal)
  if (ifMissing !== 'create' && ifMissing !== 'fail') throw invalid('ifMissing', "'create' or 'fail'", ifMissing)
  if (typeof label !== 'string') throw invalid('label', 'a string', label)
  return {
    signal,
    timeoutMs: integer('timeoutMs', options.timeoutMs ?? defaults.timeoutMs, 1, OPTION_MS_MAX),
    ifMissing,
    durability: compileDurability(options.durability ?? defaults.durability),
    label,
  }
}

/** Refuses `ifMissing` where it makes no sense: the session is always missing, or never to be created. */
export function checkWithoutIfMissing(options: unknown, where: 'create' | 'destroy'): void {
  if (options !== undefined) checkKeys(options, NEW_SESSION_KEYS, where)
}

/** The `timeoutMs` of a call that has no other option. */
export function compileTimeoutMs(options: LockOptions, where: string, defaultMs: number): number {
  checkKeys(options, LOCK_KEYS, where)
  return integer('timeoutMs', options.timeoutMs ?? defaultMs, 1, OPTION_MS_MAX)
}

export function compileDrainMs(options: { readonly drainMs?: number }): number {
  checkKeys(options, CLOSE_KEYS, 'close')
  return integer('drainMs', options.drainMs ?? DRAIN_DEFAULT_MS, 0, OPTION_MS_MAX)
}

function compileDurability(value: unknown): Durability {
  if (value === 'access' || value === 'release') return value
  throw invalid('durability', "'access' or 'release'", value)
}

const byteLimit = (name: string, value: unknown): number => integer(name, value, 1, SESSION_BYTES_MAX)

/** Refuses what cannot be a session id. The id itself appears in no message: it is a credential. */
export function checkSessionId(id: unknown): asserts id is string {
  if (typeof id !== 'string') throw new InvalidArgumentError(`a session id must be a string, received ${kindOf(id)}`)
  // All lone surrogates have one encoding: two such ids would be one session.
  if (/\p{Surrogate}/u.test(id)) throw new InvalidArgumentError('a session id must be well-formed Unicode')
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > SESSION_ID_BYTES_MAX) {
    throw new InvalidArgumentError(`a session id must have 1 to ${SESSION_ID_BYTES_MAX} bytes, received ${bytes}`)
  }
}

export function checkKeys(value: unknown, known: { readonly [key: string]: true }, where: string): void {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidArgumentError(`the options of ${where} must be an object, received ${kindOf(value)}`)
  }
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(known, key)) continue
    throw new InvalidArgumentError(`${where} has no option '${key}': known are ${Object.keys(known).join(', ')}`)
  }
}

function compileConfig(option: HoldfastConfig | string | undefined, variable: string | undefined): HoldfastConfig {
  const given = option ?? variable
  if (given === undefined || given === '') {
    throw new InvalidArgumentError("no 'config' and no HOLDFAST_CONFIG: give the stack's output HoldfastConfig")
  }
  // What is at fault is named as whoever set it knows it: an option of the call, or a variable of the environment.
  const source = given === option ? 'config' : 'HOLDFAST_CONFIG'
  const config = typeof given === 'string' ? parseConfig(given, source) : given
  checkKeys(config, CONFIG_KEYS, `'${source}'`)
  const { url, region, sessionsTable, dynamoDbEndpoint } = config
  if (typeof url !== 'string' || !/^wss?:$/.test(protocolOf(url))) {
    throw invalid(`${source}.url`, 'a ws:// or wss:// URL', url)
  }
  if (typeof region !== 'string' || region === '') throw invalid(`${source}.region`, 'an AWS region', region)
  if (typeof sessionsTable !== 'string' || !/^[A-Za-z0-9_.-]{3,255}$/.test(sessionsTable)) {
    throw invalid(`${source}.sessionsTable`, "a DynamoDB table's name", sessionsTable)
  }
  if (dynamoDbEndpoint === undefined) return { url, region, sessionsTable }
  if (typeof dynamoDbEndpoint !== 'string' || !/^https?:$/.test(protocolOf(dynamoDbEndpoint))) {
    throw invalid(`${source}.dynamoDbEndpoint`, 'an http:// or https:// URL', dynamoDbEndpoint)
  }
  return { url, region, sessionsTable, dynamoDbEndpoint }
}

function parseConfig(text: string, source: string): HoldfastConfig {
  try {
    return JSON.parse(text) as HoldfastConfig
  } catch (cause) {
    throw new InvalidArgumentError(`'${source}' is not JSON: give the stack's output HoldfastConfig as it is`, {
      cause,
    })
  }
}

const protocolOf = (url: string): string => (URL.canParse(url) ? new URL(url).protocol : '')

const defaultPolicy = (environment: NodeJS.ProcessEnv) =>
  environment.AWS_LAMBDA_FUNCTION_NAME === undefined ? 'untilRevoked' : 'perAccess'

function integer(name: string, value: unknown, least: number, most: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw invalid(name, `an integer from ${least} to ${most}`, value)
}

export const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value

const invalid = (name: string, expected: string, received: unknown): InvalidArgumentError =>
  new InvalidArgumentError(`'${name}' must be ${expected}, received ${shown(received)}`)

const SHOWN_CHARS_MAX = 64

/** A wrong value of an option as an error may show it. None of the options is a secret; objects may hold some. */
export function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'string') return kindOf(value)
  return inspect(value.length <= SHOWN_CHARS_MAX ? value : `${value.slice(0, SHOWN_CHARS_MAX)}…`)
}
