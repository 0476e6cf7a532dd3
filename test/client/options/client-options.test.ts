import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { runInNewContext } from 'node:vm'
import { InvalidArgumentError } from '../../../client/errors/index.js'
import { compileAccessOptions } from '../../../client/options/access-options.js'
import { compileOptions, type HoldfastOptions } from '../../../client/options/client-options.js'

const CONFIG = { url: 'wss://a.example/live', region: 'eu-west-1', sessionsTable: 'Sessions' }

/** The message by which these options are refused. */
function refusal(options: object, variable?: string): string {
  try {
    compileOptions(
      { namespace: 'shop', ...options } as HoldfastOptions,
      variable === undefined ? {} : { HOLDFAST_CONFIG: variable },
    )
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message
    throw error
  }
  return 'accepted'
}

describe('a wrong option is refused with what was received:', () => {
  const long = 'x'.repeat(65)
  test.each<[object, string]>([
    [{ holdPolicy: 'forever' }, `'holdPolicy' must be 'untilRevoked' or 'perAccess', received 'forever'`],
    [{ expiry: 'sliding' }, `'expiry' must be 'rolling' or 'fixed', received 'sliding'`],
    [{ durability: 'none' }, `'durability' must be 'access' or 'release', received 'none'`],
    [{ namespace: 'my shop' }, `'namespace' must be 1 to 64 characters of A-Z a-z 0-9 _ . -, received 'my shop'`],
    [{ label: 'a\nb' }, `'label' must be at most 64 printable ASCII characters, received 'a\\nb'`],
    [{ label: long }, `'label' must be at most 64 printable ASCII characters, received '${'x'.repeat(64)}…'`],
    [{ ttlMs: '5 s' }, `'ttlMs' must be an integer from 1000 to 34560000000, received '5 s'`],
    [{ ttlMs: 5 }, `'ttlMs' must be an integer from 1000 to 34560000000, received 5`],
    [{ timeoutMs: true }, `'timeoutMs' must be an integer from 1 to 86400000, received true`],
    [
      { config: { ...CONFIG, url: 'https://a.example' } },
      `'config.url' must be a wss:// URL, or a ws:// URL of this machine such as ws://127.0.0.1:8080, received 'https://a.example'`,
    ],
    ...['a.example', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '[fd00::1]', '168430081'].map(
      (host): [object, string] => [
        { config: { ...CONFIG, url: `ws://${host}/live` } },
        `'config.url' must be a wss:// URL, or a ws:// URL of this machine such as ws://127.0.0.1:8080, received 'ws://${host}/live'`,
      ],
    ),
    [{ config: { ...CONFIG, region: '' } }, `'config.region' must be an AWS region, received ''`],
    [
      { config: { ...CONFIG, sessionsTable: 'a b' } },
      `'config.sessionsTable' must be a DynamoDB table's name, received 'a b'`,
    ],
    [
      { config: { ...CONFIG, sessionsTable: { secret: 'x' } } },
      `'config.sessionsTable' must be a DynamoDB table's name, received an object`,
    ],
    [{ requestsMax: 0 }, `'requestsMax' must be an integer from 1 to 1000, received 0`],
    [{ requestsMax: 1_001 }, `'requestsMax' must be an integer from 1 to 1000, received 1001`],
    [{ config: 'not JSON' }, `'config' is not JSON: give the stack's output HoldfastConfig as it is`],
  ])('%j', (options, message) => {
    expect(refusal({ config: CONFIG, ...options })).toBe(message)
  })

  test.each(['127.0.0.1:8080', '127.1', 'localhost', '[::1]:80'])('but ws://%s/live is of this machine', (host) => {
    expect(refusal({ config: { ...CONFIG, url: `ws://${host}/live` } })).toBe('accepted')
  })

  test('an option of an access', () => {
    const defaults = { timeoutMs: 1_000, ifMissing: 'create', durability: 'access' } as const
    expect(() => compileAccessOptions({ ifMissing: 'ignore' } as never, defaults)).toThrow(
      `'ifMissing' must be 'create' or 'fail', received 'ignore'`,
    )
  })
})

describe('credentials in the configuration', () => {
  const credentials = { accessKeyId: 'LOCAL', secretAccessKey: 'of this machine' }
  const local = { ...CONFIG, url: 'ws://127.0.0.1:1/live', dynamoDbEndpoint: 'http://localhost:2', credentials }

  test('of a local stack are used, unless the option has others', () => {
    const compiled = (options: object) =>
      compileOptions({ namespace: 'shop', config: local, ...options } as HoldfastOptions, {}).credentials
    expect(compiled({})).toEqual(credentials)
    const others = { accessKeyId: 'OTHER', secretAccessKey: 'x' }
    expect(compiled({ credentials: others })).toBe(others)
  })

  test.each<[string, object]>([
    ['a store on AWS', { ...CONFIG, credentials }],
    ['DynamoDB on AWS', { ...local, dynamoDbEndpoint: undefined }],
    ['DynamoDB elsewhere', { ...local, dynamoDbEndpoint: 'http://10.0.0.1:8000' }],
    ['a gateway on AWS', { ...local, url: CONFIG.url }],
  ])('are refused for %s', (_, config) => {
    expect(refusal({ config })).toMatch(/^'config.credentials' are for a local stack: url and dynamoDbEndpoint must/)
  })

  test('that are none are refused, and not shown', () => {
    const config = { ...local, credentials: { accessKeyId: 'LOCAL', secretAccessKey: '' } }
    expect(refusal({}, JSON.stringify(config))).toBe(
      "'HOLDFAST_CONFIG.credentials' must have an accessKeyId and a secretAccessKey: received an object without a secretAccessKey",
    )
  })
})

describe('credentials that are none are refused, and no part of them is shown:', () => {
  const SECRET = 'wJalrXUtnFEMI'
  test.each<[unknown, string]>([
    [5, 'received a number'],
    [SECRET, 'received a string'],
    [null, 'received null'],
    [[], 'received an object without an accessKeyId'],
    [{}, 'received an object without an accessKeyId'],
    [{ accessKeyId: 1, secretAccessKey: SECRET }, 'received an object without an accessKeyId'],
    [{ accessKeyId: '', secretAccessKey: SECRET }, 'received an object without an accessKeyId'],
    [{ accessKeyId: SECRET }, 'received an object without a secretAccessKey'],
    [{ accessKeyId: SECRET, secretAccessKey: new Date() }, 'received an object without a secretAccessKey'],
    [{ accessKeyId: 'A', secretAccessKey: SECRET, sessionToken: 5 }, 'received a sessionToken that is a number'],
    [{ accessKeyId: 'A', secretAccessKey: SECRET, expiration: SECRET }, 'received an expiration that is a string'],
    [Promise.resolve({ accessKeyId: 'A', secretAccessKey: SECRET }), 'received an object without an accessKeyId'],
  ])('%j', (credentials, problem) => {
    expect(refusal({ config: CONFIG, credentials })).toBe(
      `'credentials' must have an accessKeyId and a secretAccessKey, or be a function that provides them: ${problem}`,
    )
  })

  test.each<[string, unknown]>([
    ['credentials', { accessKeyId: 'A', secretAccessKey: SECRET, sessionToken: 'T', expiration: new Date() }],
    [
      'credentials of another realm',
      runInNewContext("({ accessKeyId: 'A', secretAccessKey: 'x', expiration: new Date() })"),
    ],
    ['a function', () => {}],
    ['none', undefined],
  ])('but not %s', (_, credentials) => {
    expect(refusal({ config: CONFIG, credentials })).toBe('accepted')
  })
})

describe('an agent', () => {
  const local = { ...CONFIG, url: 'ws://127.0.0.1:1/live', dynamoDbEndpoint: 'http://127.0.0.1:2' }
  const KIND = 'an Agent of node:http or node:https, or of a class that extends one'
  /** As the agents for proxies are made: it serves whatever request it gets. */
  class ForBoth extends HttpAgent {
    get protocol() {
      return 'https:'
    }
    set protocol(_) {}
  }

  test.each<[string, object, unknown, string]>([
    ['that is none', CONFIG, 'http://proxy', `'agent' must be ${KIND}, received 'http://proxy'`],
    ['that is null', CONFIG, null, `'agent' must be ${KIND}, received null`],
    ['of undici', CONFIG, { dispatch() {}, destroy() {} }, `'agent' must be ${KIND}, received an object`],
    ['for http, on AWS', CONFIG, new HttpAgent(), `'agent' serves 'http:', and config.url needs 'https:'`],
    ['for https, on a local stack', local, new HttpsAgent(), `'agent' serves 'https:', and config.url needs 'http:'`],
    [
      'for https, with DynamoDB on this machine',
      { ...CONFIG, dynamoDbEndpoint: 'http://127.0.0.1:2' },
      new HttpsAgent(),
      `'agent' serves 'https:', and DynamoDB needs 'http:'`,
    ],
    [
      'for http, with DynamoDB on AWS',
      { ...CONFIG, url: local.url },
      new HttpAgent(),
      `'agent' serves 'http:', and DynamoDB needs 'https:'`,
    ],
  ])('%s is refused', (_, config, agent, message) => {
    expect(refusal({ config, agent })).toBe(message)
  })

  test('for the protocol of both connections, or for any, is accepted', () => {
    expect(refusal({ config: CONFIG, agent: new HttpsAgent() })).toBe('accepted')
    expect(refusal({ config: local, agent: new HttpAgent() })).toBe('accepted')
    for (const config of [CONFIG, local]) expect(refusal({ config, agent: new ForBoth() })).toBe('accepted')
  })
})

describe('a wrong variable HOLDFAST_CONFIG is refused under its name:', () => {
  test.each([
    ['{', `'HOLDFAST_CONFIG' is not JSON: give the stack's output HoldfastConfig as it is`],
    [
      '[]',
      `'HOLDFAST_CONFIG.url' must be a wss:// URL, or a ws:// URL of this machine such as ws://127.0.0.1:8080, received undefined`,
    ],
    ['"text"', `the options of 'HOLDFAST_CONFIG' must be an object, received a string`],
    [
      JSON.stringify({ ...CONFIG, url: 'a.example' }),
      `'HOLDFAST_CONFIG.url' must be a wss:// URL, or a ws:// URL of this machine such as ws://127.0.0.1:8080, received 'a.example'`,
    ],
    [
      JSON.stringify({ ...CONFIG, dynamoDbEndpoint: 'x' }),
      `'HOLDFAST_CONFIG.dynamoDbEndpoint' must be an http:// or https:// URL, received 'x'`,
    ],
    [
      '',
      `no 'config' and no HOLDFAST_CONFIG: give the stack's output HoldfastConfig, or what 'npx holdfast dev' prints`,
    ],
  ])('%s', (variable, message) => {
    expect(refusal({}, variable)).toBe(message)
  })

  test('but not one of a newer stack, which says more than this client knows', () => {
    const newer = { ...CONFIG, stage: 'x' }
    expect(refusal({}, JSON.stringify(newer))).toBe('accepted')
    expect(refusal({ config: JSON.stringify(newer) })).toBe('accepted')
    expect(refusal({ config: newer })).toMatch(/^'config' has no option 'stage': known are url, httpsUrl,/)
  })

  test('the option goes before it', () => {
    expect(refusal({ config: CONFIG }, '{')).toBe('accepted')
    expect(refusal({ config: '{' }, JSON.stringify(CONFIG))).toMatch(/^'config' is not JSON/)
  })
})
