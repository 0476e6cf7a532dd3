import { InvalidArgumentError } from '../errors/index.js'
import { findMemoryStore } from '../memory-stores.js'
import { checkKeys, invalid, type Keys } from './check.js'
import { checkCredentials } from './credentials.js'

/** Where the store is: the value of the stack's output `HoldfastConfig`. */
export interface HoldfastConfig {
  /**
   * `wss://…`, the URL of the WebSocket API with its stage; `ws://…` of a local stack on this machine; or `memory://…`, the
   * URL of a memory stack in a test. `ws://` of any other host is refused: it is not encrypted.
   */
  readonly url: string
  /**
   * `https://…`, the URL of the function that takes messages over HTTPS; or `http://…` of a local stack on this machine.
   * @default - none: the WebSocket is the only way
   */
  readonly httpsUrl?: string
  readonly region: string
  readonly sessionsTable: string
  /**
   * DynamoDB's address, for a local stack.
   * @default - DynamoDB's address in the region
   */
  readonly dynamoDbEndpoint?: string
  /**
   * The keys of a local stack, so that the application's own AWS keys may stay as they are. They are refused where `url`
   * or `dynamoDbEndpoint` is not of this machine: no configuration holds real keys. The option `credentials` goes first.
   * @default - the AWS SDK's default chain
   */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

const CONFIG_KEYS: Keys<HoldfastConfig> = {
  url: true,
  httpsUrl: true,
  region: true,
  sessionsTable: true,
  dynamoDbEndpoint: true,
  credentials: true,
}

/** Checks the configuration. It is the option's, or else the environment variable's. */
export function compileConfig(
  option: HoldfastConfig | string | undefined,
  variable: string | undefined,
): HoldfastConfig {
  const given = option ?? variable
  if (given === undefined || given === '') {
    throw new InvalidArgumentError(
      "no 'config' and no HOLDFAST_CONFIG: give the stack's output HoldfastConfig, or what 'npx holdfast dev' prints",
    )
  }
  // The error names the place where the mistake is: an option of the call, or a variable of the environment.
  const source = given === option ? 'config' : 'HOLDFAST_CONFIG'
  const config = typeof given === 'string' ? parseConfig(given, source) : given
  checkKeys(config, CONFIG_KEYS, `'${source}'`)
  const { url, httpsUrl, region, sessionsTable, dynamoDbEndpoint, credentials } = config
  if (typeof url === 'string' && protocolOf(url) === 'memory:') checkMemoryUrl(url, source)
  else if (typeof url !== 'string' || !isEncrypted(url, 'wss:', 'ws:')) {
    throw invalid(`${source}.url`, 'a wss:// URL, or a ws:// URL of this machine such as ws://127.0.0.1:8080', url)
  }
  if (typeof region !== 'string' || region === '') throw invalid(`${source}.region`, 'an AWS region', region)
  if (typeof sessionsTable !== 'string' || !/^[A-Za-z0-9_.-]{3,255}$/.test(sessionsTable)) {
    throw invalid(`${source}.sessionsTable`, "a DynamoDB table's name", sessionsTable)
  }
  if (httpsUrl !== undefined && (typeof httpsUrl !== 'string' || !isEncrypted(httpsUrl, 'https:', 'http:'))) {
    throw invalid(`${source}.httpsUrl`, 'an https:// URL, or an http:// URL of this machine', httpsUrl)
  }
  const isAddress = typeof dynamoDbEndpoint === 'string' && /^https?:$/.test(protocolOf(dynamoDbEndpoint))
  if (dynamoDbEndpoint !== undefined && !isAddress) {
    throw invalid(`${source}.dynamoDbEndpoint`, 'an http:// or https:// URL', dynamoDbEndpoint)
  }
  const places = {
    url,
    region,
    sessionsTable,
    ...(httpsUrl === undefined ? {} : { httpsUrl }),
    ...(dynamoDbEndpoint === undefined ? {} : { dynamoDbEndpoint }),
  }
  return credentials === undefined
    ? places
    : { ...places, credentials: checkedCredentials(places, credentials, source) }
}

function checkedCredentials(places: HoldfastConfig, given: unknown, source: string) {
  checkCredentials(given, `${source}.credentials`)
  if (!isLocalStack(places)) {
    throw new InvalidArgumentError(
      `'${source}.credentials' are for a local stack: url and dynamoDbEndpoint must both be of this machine. ` +
        "For AWS give the option 'credentials', or nothing",
    )
  }
  const { accessKeyId, secretAccessKey } = given
  return { accessKeyId, secretAccessKey }
}

/** Whether all that a client sends stays on this machine. */
export const isLocalStack = ({ url, dynamoDbEndpoint = '', httpsUrl = url }: HoldfastConfig): boolean =>
  [url, dynamoDbEndpoint, httpsUrl].every((place) => URL.canParse(place) && LOOPBACK.test(new URL(place).hostname))

/** The text is what a stack puts out. A newer one may say more than this client knows. */
function parseConfig(text: string, source: string): HoldfastConfig {
  try {
    return JSON.parse(text, known) as HoldfastConfig
  } catch (cause) {
    throw new InvalidArgumentError(`'${source}' is not JSON: give the stack's output HoldfastConfig as it is`, {
      cause,
    })
  }
}

/** Takes out the unknown parts of the whole, whose key is ''. */
function known(key: string, value: unknown): unknown {
  if (key !== '' || typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(CONFIG_KEYS, name)))
}

function checkMemoryUrl(url: string, source: string): void {
  if (findMemoryStore(url) !== undefined) return
  throw new InvalidArgumentError(
    `'${source}.url' is ${url}, and there is no such memory stack: it was stopped, or made in another process, thread or test file`,
  )
}

/** What goes over a `plain` protocol can be read and changed on its way: locks, and the secret of the process. */
const isEncrypted = (url: string, secure: string, plain: string): boolean =>
  protocolOf(url) === secure || (protocolOf(url) === plain && LOOPBACK.test(new URL(url).hostname))

/** `URL` writes each form of an IPv4 address in four decimal numbers, and an IPv6 address in its shortest form. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/

const protocolOf = (url: string): string => (URL.canParse(url) ? new URL(url).protocol : '')
