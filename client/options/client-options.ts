import type { KeyObject } from 'node:crypto'
import type { Agent } from 'node:http'
import { SESSION_BYTES_MAX } from '../../protocol/limits.js'
import {
  CACHED_BYTES_DEFAULT,
  FLUSH_DEFAULT_MS,
  FLUSH_MAX_MS,
  HELD_SESSIONS_DEFAULT,
  HELD_SESSIONS_MAX,
  IDLE_RELEASE_DEFAULT_MS,
  OPTION_MS_MAX,
  REQUESTS_DEFAULT,
  REQUESTS_MAX,
  TOUCH_SHARE_DEFAULT,
  TTL_DEFAULT_MS,
  TTL_MAX_MS,
  TTL_MIN_MS,
  WAIT_TIMEOUT_DEFAULT_MS,
} from '../limits.js'
import { compileDurability, compileIfMissing, type Durability, type IfMissing } from './access-options.js'
import { compileAgent } from './agent.js'
import { checkKeys, integer, invalid, type Keys } from './check.js'
import { compileClosingSignals } from './closing-signals.js'
import { type CredentialsOption, compileCredentials } from './credentials.js'
import { compileHoldPolicy } from './hold-policy.js'
import { compileIdKey } from './id-key.js'
import { compileLabel, compileNamespace } from './names.js'
import { SchemaCheck, type Schemas } from './schemas.js'
import { compileConfig, type HoldfastConfig } from './store-config.js'
import { type CompiledTransport, compileTransport, type TransportOption } from './transport.js'

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
   * A secret of 16 to 1,024 bytes, for ids that may be guessed, such as a user's number: the store then knows a session by
   * the HMAC-SHA-256 of its id, and nobody without the key can find it. All servers of a namespace need the same key. The
   * hazard: under another key there are other sessions.
   * @default - none: the SHA-256 of the id
   */
  readonly idKey?: string | Uint8Array
  /**
   * A session lives this long after its last use. Accesses that change nothing extend its life with few writes (see
   * `touchShare`), accesses that fail do not. 1,000 (a second) to 34,560,000,000 (400 days).
   * @default 86400000 (a day)
   */
  readonly ttlMs?: number
  /**
   * An access that changes nothing extends the session's life once this share of `ttlMs` has passed: above 0 and at
   * most 1.
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
   * A held session that was not used for this long is released. At most 86,400,000 (a day).
   * @default 300000 (five minutes)
   */
  readonly idleReleaseMs?: number
  /**
   * How many sessions this process holds at once, 1 to 1,000,000. Beyond it the least recently used one is released.
   * @default 10000
   */
  readonly heldSessionsMax?: number
  /**
   * How long an access waits for its locks, unless it has a `timeoutMs` of its own. 1 to 86,400,000 (a day). While the
   * store has been out of reach for 10 s, an access fails after about 3 s, and 8 s at most.
   * @default 20000
   */
  readonly timeoutMs?: number
  /**
   * The largest size of one attribute, and of a whole session, in bytes as DynamoDB counts. DynamoDB's own limit of 400
   * KB for an item is the upper bound of both. An attribute or session that is over a limit already can be read, made
   * smaller and deleted.
   * @default 407552 (398 KiB) each
   */
  readonly attributeBytesMax?: number
  readonly sessionBytesMax?: number
  /**
   * How much state this process caches at once, in bytes as DynamoDB counts. Beyond it the least recently used session
   * is released. The state takes several times as much memory. At least 407,552 (398 KiB).
   * @default 67108864 (64 MiB)
   */
  readonly cachedBytesMax?: number
  /**
   * When an access resolves. `access`: when its changes are in DynamoDB. `release` (write-back): at once; the changes
   * are written when the session is given back, after `flushMs`, and by `session.commit()` or an access with `access`.
   * The creation of a session is never written later.
   * The hazard of `release`: a crash loses the changes of the last `flushMs`, and only the event `lost` reports a
   * commit that fails.
   * @default 'access'
   */
  readonly durability?: Durability
  /**
   * With `durability: 'release'`: how long a change may stay unwritten. 1 to 60,000 (a minute).
   * @default 1000
   */
  readonly flushMs?: number
  /**
   * `rolling`: each access that succeeds extends the session's life to `ttlMs` from then. The life does not end while an
   * access runs that began in time, unless that goes on for more than 24 hours beyond the end. `fixed`: the life ends
   * `ttlMs` after the session's creation, and accesses do not extend it. An access that still runs then fails with a
   * SessionLostError (`expired`). A `ttlMs` of the session that is shorter than its present age ends it with the commit.
   * @default 'rolling'
   */
  readonly expiry?: 'rolling' | 'fixed'
  /**
   * Schemas for some or all attributes, of zod, valibot, arktype or another library with the Standard Schema interface.
   * A schema must be synchronous, and accept its own output. It checks a change before the commit, and its output is
   * stored. A stored value also passes through the schema before an access reads it. So the schema can migrate an older
   * shape; the next access that reads the attribute under a write lock stores the new shape. A mismatch throws a
   * SchemaError.
   * @default - none
   */
  readonly schemas?: Schemas<S>
  /**
   * For accesses to an id without a session: `create` creates the session, `fail` throws a SessionMissingError. An
   * access may say otherwise.
   * @default 'create'
   */
  readonly ifMissing?: IfMissing
  /**
   * What becomes of `undefined` in a value. `refuse` throws an InvalidValueError that names the place: a session comes
   * back exactly as it was, or its access fails. `drop` does as JSON does: a property that is undefined is left out,
   * and so is an entry of a Map; an undefined element of an array becomes null; an attribute that is set to undefined is
   * deleted. It suits an application that comes from a store of JSON. The hazard of `drop`: a mistake that makes a
   * value undefined deletes what was stored before, and nothing reports it.
   * @default 'refuse'
   */
  readonly undefinedValues?: 'refuse' | 'drop'
  /**
   * AWS credentials, or a function that provides them. The function is asked again before they expire, and when AWS
   * refuses them. It has 10 seconds for each answer. A request or connection that gets no credentials is not sent, and is
   * tried again while the access waits.
   * @default - those in `config`, which a local stack has; else the AWS SDK's default chain
   */
  readonly credentials?: CredentialsOption
  /**
   * How many DynamoDB requests this process has under way at once, and so how many connections to DynamoDB; the others
   * wait in line, which costs them none of their time. 1 to 1,000.
   * @default 50
   */
  readonly requestsMax?: number
  /**
   * The agent for all connections, to DynamoDB and to the functions: for a proxy, or for certificates of your own. It
   * should allow `requestsMax` connections to one host, as agents do by default. `close()` leaves it open.
   *
   * Without this option, Node.js 24.5 and newer use the proxy that HTTPS_PROXY names, except for the hosts in NO_PROXY.
   * Older ones, such as 20 and 22, ignore HTTPS_PROXY without notice: give an agent of the package https-proxy-agent.
   * @example
   * import { HttpsProxyAgent } from 'https-proxy-agent'
   * const agent = new HttpsProxyAgent('http://proxy.internal:3128', { keepAlive: true })
   * const holdfast = createHoldfast({ namespace: 'shop', agent })
   * @default - an agent of this client's own
   */
  readonly agent?: Agent
  /**
   * How messages go to the store. `socket`: over a WebSocket. `https`: each is a request of its own to a function URL, so
   * that nothing has to be kept open, and a process that thaws need not connect again. The hazard of `https`: the store
   * cannot push to this process, so it looks for its locks by itself, a quarter of a second later and more, and hears
   * with its renewals that others wait. `auto`: `https` inside AWS Lambda; elsewhere the WebSocket, and `https` to keep and
   * to give back what this process holds while the WebSocket is down. Without `httpsUrl` in the configuration `auto`
   * means `socket`, and `https` throws an InvalidArgumentError. In a memory stack all three are the same.
   * @default 'auto'
   */
  readonly transport?: TransportOption
  /**
   * Closes the client when the process gets one of these signals; `true` stands for SIGTERM and SIGINT. `close()` may
   * take its default `drainMs`. Then the process ends by the signal, as it would have without the client; the first
   * process of a container ends with 128 and the number of the signal. A second signal ends it at once. Where the
   * application listens for the signal itself, the client closes, and the application ends the process: if it calls
   * `process.exit()`, only after its own `await close()`. Possible are SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR2 and
   * SIGBREAK, in the main thread only.
   *
   * Without it, and without `close()`, others wait for each session of the ended process for the rest of its lease.
   * @default false
   */
  readonly closeOnSignals?: boolean | readonly NodeJS.Signals[]
}

export interface CompiledOptions {
  readonly config: HoldfastConfig
  readonly namespace: string
  readonly idKey: KeyObject | undefined
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
  readonly ifMissing: IfMissing
  readonly undefinedValues: 'refuse' | 'drop'
  readonly credentials: CredentialsOption | undefined
  readonly requestsMax: number
  readonly agent: Agent | undefined
  readonly transport: CompiledTransport
  readonly closingSignals: readonly NodeJS.Signals[]
}

const OPTION_KEYS: Keys<HoldfastOptions> = {
  config: true,
  namespace: true,
  idKey: true,
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
  ifMissing: true,
  undefinedValues: true,
  credentials: true,
  requestsMax: true,
  agent: true,
  transport: true,
  closeOnSignals: true,
}

/** Checks and completes the options of a client, before anything happens. */
export function compileOptions<S extends object>(
  options: HoldfastOptions<S>,
  environment: NodeJS.ProcessEnv,
): CompiledOptions {
  checkKeys(options, OPTION_KEYS, 'createHoldfast')
  const { expiry = 'rolling', undefinedValues = 'refuse' } = options
  if (expiry !== 'rolling' && expiry !== 'fixed') throw invalid('expiry', "'rolling' or 'fixed'", expiry)
  if (undefinedValues !== 'refuse' && undefinedValues !== 'drop') {
    throw invalid('undefinedValues', "'refuse' or 'drop'", undefinedValues)
  }
  const touchShare = options.touchShare ?? TOUCH_SHARE_DEFAULT
  if (typeof touchShare !== 'number' || !(touchShare > 0 && touchShare <= 1)) {
    throw invalid('touchShare', 'a number above 0 and at most 1', touchShare)
  }
  const config = compileConfig(options.config, environment.HOLDFAST_CONFIG)
  return {
    config,
    namespace: compileNamespace(options.namespace),
    idKey: compileIdKey(options.idKey),
    ttlMs: integer('ttlMs', options.ttlMs ?? TTL_DEFAULT_MS, TTL_MIN_MS, TTL_MAX_MS),
    touchShare,
    label: compileLabel(options.label),
    isReleasedAfterAccess: compileHoldPolicy(options.holdPolicy, environment),
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
    ifMissing: compileIfMissing(options.ifMissing ?? 'create'),
    undefinedValues,
    credentials: compileCredentials(options.credentials) ?? config.credentials,
    requestsMax: integer('requestsMax', options.requestsMax ?? REQUESTS_DEFAULT, 1, REQUESTS_MAX),
    agent: compileAgent(options.agent, config),
    transport: compileTransport(options.transport, config, environment),
    closingSignals: compileClosingSignals(options.closeOnSignals),
  }
}

const byteLimit = (name: string, value: unknown): number => integer(name, value, 1, SESSION_BYTES_MAX)
