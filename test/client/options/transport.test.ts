import { compileOptions, type HoldfastOptions } from '../../../client/options/client-options.js'

const SOCKET = { url: 'wss://a.example/live', region: 'eu-west-1', sessionsTable: 'Sessions' }
const BOTH = { ...SOCKET, httpsUrl: 'https://abc.lambda-url.eu-west-1.on.aws/' }
const LAMBDA = { AWS_LAMBDA_FUNCTION_NAME: 'shop' }

const compiled = (options: object, environment = {}) =>
  compileOptions({ namespace: 'shop', ...options } as HoldfastOptions, environment)

describe("the option 'transport'", () => {
  test.each([
    ['auto, on a server', undefined, BOTH, {}, 'socketAndHttps'],
    ['auto, in Lambda', undefined, BOTH, LAMBDA, 'https'],
    ['auto, in Lambda, of a store without a function URL', 'auto', SOCKET, LAMBDA, 'socket'],
    ['auto, of a store without a function URL', 'auto', SOCKET, {}, 'socket'],
    ['socket', 'socket', BOTH, LAMBDA, 'socket'],
    ['https', 'https', BOTH, {}, 'https'],
  ])('%s', (_name, transport, config, environment, expected) => {
    expect(compiled({ transport, config }, environment).transport).toBe(expected)
  })

  test('is refused where the store has no function URL, with what to do', () => {
    expect(() => compiled({ transport: 'https', config: SOCKET })).toThrow(
      "'transport' is 'https', and the configuration has no 'httpsUrl': deploy the stack with 'https: true'",
    )
  })

  test('has no other value', () => {
    expect(() => compiled({ transport: 'http', config: BOTH })).toThrow(
      "'transport' must be 'auto', 'socket' or 'https', received 'http'",
    )
  })
})

describe("the configuration's 'httpsUrl'", () => {
  const refusal = (httpsUrl: unknown) => {
    try {
      compiled({ config: { ...SOCKET, httpsUrl } })
      return 'accepted'
    } catch (error) {
      return (error as Error).message
    }
  }

  test.each([BOTH.httpsUrl, 'http://127.0.0.1:4000/', 'http://localhost:4000', undefined])('may be %s', (url) => {
    expect(refusal(url)).toBe('accepted')
  })

  test.each(['http://a.example/', 'wss://a.example', 'a.example', 7])('may not be %s', (url) => {
    expect(refusal(url)).toMatch(
      /^'config.httpsUrl' must be an https:\/\/ URL, or an http:\/\/ URL of this machine, received /,
    )
  })
})
