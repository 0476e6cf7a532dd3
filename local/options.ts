import { join } from 'node:path'
import { InvalidArgumentError } from '../client/errors/index.js'
import { checkKeys, integer, invalid, type Keys } from '../client/options/check.js'
import { compileQuotas, type Quotas } from './gateway/quotas.js'
import type { FunctionLogLine } from './lambda/execution-environment.js'
import type { GatewayLimits } from './local-stack.js'
import { packageRoot } from './package-root.cjs'

/** Options of {@link startLocalStack}. All times are milliseconds. */
export interface LocalStackOptions {
  /**
   * The folder that `cdk synth` wrote. Its tables, functions and routes are run. It must hold one stack with one
   * WebSocket API.
   * @default - the folder in this package
   */
  readonly assembly?: string
  /**
   * The port of the gateway on 127.0.0.1, from 0 (a free one) to 65535. DynamoDB Local always takes a free one.
   * @default 0
   */
  readonly port?: number
  /**
   * The folder where DynamoDB keeps its data from one start to the next; it is made where it does not exist. One stack
   * at a time may use it. A folder with files of anybody else is refused.
   * @default - in memory: everything is gone when the stack stops
   */
  readonly dataDir?: string
  /**
   * The `http://` address of a DynamoDB Local that runs already, as in a container of the image `amazon/dynamodb-local`.
   * Then this machine needs no Java, and a start takes a second less. It must run without `-sharedDb`: each stack has
   * tables of its own there, under a key of its own, which it deletes when it stops. Not together with `dataDir`.
   * @default - a DynamoDB Local of its own, in Java
   */
  readonly dynamoDbLocal?: string
  /**
   * Other values for variables that the template gives its functions, such as `HOLDFAST_TIMING`, a JSON object of the
   * times of the lock protocol: `{ HOLDFAST_TIMING: '{"leaseMs":6000}' }`. A variable that no function has is refused.
   * @default - as the template has them
   */
  readonly environment?: Readonly<Record<string, string>>
  /**
   * The `http://` address where the functions find DynamoDB: a test's proxy, which leads to `config.dynamoDbEndpoint`.
   * @default - that endpoint itself
   */
  readonly functionsDynamoDbEndpoint?: string
  /**
   * Shorter times for the gateway's limits, for tests that wait for a connection to end; and what no document says of it.
   * @default - as API Gateway documents it
   */
  readonly gateway?: GatewayLimits
  /**
   * The quotas of an AWS account, beyond which messages, connections, pushes and functions are throttled: `'account'` as
   * AWS documents them, with the template's own throttles, or others. A message that is throttled is answered by a frame
   * of the gateway, `{"message":"Too Many Requests",…}`; the client sends it again, more slowly.
   * @default - none: nothing is throttled
   */
  readonly quotas?: 'account' | Quotas
  /**
   * Keeps the timeline of the last ten minutes, and serves the inspector's page: on a free port of 127.0.0.1, or on
   * `port`. Its address is `stack.inspector.address`. It takes up to 50 MB.
   * @default false
   */
  readonly inspector?: boolean | { readonly port?: number }
  /**
   * Called with a text for people at each step of the start.
   * @default - not called
   */
  readonly onProgress?: (step: string) => void
  /**
   * Called with each line that a function writes to its log.
   * @default - not called
   */
  readonly onLog?: (line: FunctionLogLine) => void
}

export interface CompiledOptions {
  readonly assembly: string
  readonly port: number
  readonly dataDir: string | undefined
  readonly dynamoDbLocal: string | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly functionsDynamoDbEndpoint: string | undefined
  readonly gateway: GatewayLimits
  readonly quotas: Quotas | undefined
  /** The port of the inspector. Undefined where there is none. */
  readonly inspectorPort: number | undefined
  readonly onProgress: (step: string) => void
  readonly onLog: (line: FunctionLogLine) => void
}

const KEYS: Keys<LocalStackOptions> = {
  assembly: true,
  port: true,
  dataDir: true,
  dynamoDbLocal: true,
  environment: true,
  functionsDynamoDbEndpoint: true,
  gateway: true,
  quotas: true,
  inspector: true,
  onProgress: true,
  onLog: true,
}
const GATEWAY_KEYS: Keys<GatewayLimits> = {
  idleTimeoutMs: true,
  connectionLifetimeMs: true,
  integrationTimeoutMs: true,
  repeatsIdentity: true,
}
export const PORT_MAX = 65_535
/** The longest that a timer of Node.js can wait. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/** Completes the options with their defaults. Throws an InvalidArgumentError that names the wrong option. */
export function compileOptions(options: LocalStackOptions = {}): CompiledOptions {
  checkKeys(options, KEYS, 'startLocalStack')
  const { assembly = join(packageRoot, 'dist', 'cdk.out'), port = 0, dataDir, environment = {}, gateway = {} } = options
  const inspectorPort = inspectorPortIn(options.inspector ?? false)
  const { dynamoDbLocal, functionsDynamoDbEndpoint, onProgress = () => {}, onLog = () => {} } = options
  check(isName(assembly), 'assembly', 'a folder', assembly)
  integer('port', port, 0, PORT_MAX)
  check(dataDir === undefined || isName(dataDir), 'dataDir', 'a folder', dataDir)
  check(dynamoDbLocal === undefined || isHttpUrl(dynamoDbLocal), 'dynamoDbLocal', 'an http:// URL', dynamoDbLocal)
  check(dynamoDbLocal === undefined || dataDir === undefined, 'dataDir', "none together with 'dynamoDbLocal'", dataDir)
  check(isRecordOfStrings(environment), 'environment', 'an object of strings', environment)
  const isAddress = functionsDynamoDbEndpoint === undefined || isHttpUrl(functionsDynamoDbEndpoint)
  check(isAddress, 'functionsDynamoDbEndpoint', 'an http:// URL', functionsDynamoDbEndpoint)
  check(typeof onProgress === 'function', 'onProgress', 'a function', onProgress)
  check(typeof onLog === 'function', 'onLog', 'a function', onLog)
  checkKeys(gateway, GATEWAY_KEYS, "the option 'gateway' of startLocalStack")
  const { repeatsIdentity, ...limits } = gateway
  const isFlag = repeatsIdentity === undefined || typeof repeatsIdentity === 'boolean'
  check(isFlag, 'gateway.repeatsIdentity', 'true or false', repeatsIdentity)
  for (const [name, value] of Object.entries(limits)) integer(`gateway.${name}`, value, 1, TIMEOUT_MS_MAX)
  const quotas = compileQuotas(options.quotas)
  return {
    assembly,
    port,
    dataDir,
    dynamoDbLocal,
    environment,
    functionsDynamoDbEndpoint,
    gateway,
    quotas,
    inspectorPort,
    onProgress,
    onLog,
  }
}

/** Otherwise the second part that starts would find its port taken, and not say by whom. 0 stands for any free one. */
export function refuseEqualPorts(ports: Readonly<Record<string, number | undefined>>): void {
  const parts = new Map<number, string>()
  for (const [part, port = 0] of Object.entries(ports)) {
    const other = parts.get(port)
    if (port !== 0 && other !== undefined)
      throw new InvalidArgumentError(`${other} and ${part} cannot both have port ${port}: choose another one`)
    parts.set(port, part)
  }
}

function inspectorPortIn(option: unknown): number | undefined {
  if (option === false) return undefined
  if (option === true) return 0
  check(typeof option === 'object' && option !== null, 'inspector', 'true, false or an object with a port', option)
  checkKeys(option, { port: true }, "the option 'inspector' of startLocalStack")
  const { port = 0 } = option as { readonly port?: number }
  integer('inspector.port', port, 0, PORT_MAX)
  return port
}

function check(isGood: boolean, option: string, expected: string, received: unknown): void {
  if (!isGood) throw invalid(option, expected, received)
}

const isName = (value: unknown): boolean => typeof value === 'string' && value !== ''

const isRecordOfStrings = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((item) => typeof item === 'string')

const isHttpUrl = (value: unknown): boolean =>
  typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'http:'
