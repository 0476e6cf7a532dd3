import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { BUNDLES, type Bundle, bundlePath, FUNCTION_ENVIRONMENT } from '../../bench/start/bundles.js'

const SIZE_MAX = 270_000

type Name = Bundle | 'https'

/** Loads the bundle as Lambda does, and returns what it exports or why it does not load. */
function load(name: Name, environment: Partial<typeof FUNCTION_ENVIRONMENT>): string {
  const script = `
    import(${JSON.stringify(bundlePath(name))}).then(
      ({ handler }) => console.log('a handler that is a ' + typeof handler),
      ({ message }) => console.log(message))`
  return run(script, environment)
}

const run = (script: string, env: Partial<typeof FUNCTION_ENVIRONMENT>): string =>
  execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

describe.each<Name>([...BUNDLES, 'https'])('the bundle of the function %s', (name) => {
  test('loads with what Lambda gives it', () => {
    expect(load(name, FUNCTION_ENVIRONMENT)).toBe('a handler that is a function')
  })

  test.each(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const)(
    'says so where it is given no %s',
    (variable) => {
      const { [variable]: _, ...rest } = FUNCTION_ENVIRONMENT
      expect(load(name, rest)).toBe(`the environment variable ${variable} is not set`)
    },
  )

  test.each([{ apiId: 'another', stage: 'live' }, { apiId: 'bench', stage: 'test' }, {}, undefined])(
    'carries out no event of %j, which is not its API',
    (source) => {
      const requestContext = source && { ...source, connectionId: 'c', eventType: 'MESSAGE' }
      const script = `
        import(${JSON.stringify(bundlePath(name))})
          .then(({ handler }) => handler(${JSON.stringify({ requestContext, body: '{"type":"retire"}' })}))
          .then((answer) => console.log(JSON.stringify(answer)))`
      expect(run(script, FUNCTION_ENVIRONMENT)).toBe('{"level":"warn","event":"foreignEvent"}\n{"statusCode":403}')
    },
  )

  test('is small: no other source of credentials, no map of the sources', () => {
    const code = readFileSync(bundlePath(name), 'utf8')
    expect(code.length).toBeLessThan(SIZE_MAX)
    expect(code).not.toContain('AWS_WEB_IDENTITY_TOKEN_FILE')
    expect(code).not.toContain('AWS_CONTAINER_CREDENTIALS')
    expect(code).not.toContain('sourceMappingURL')
  })
})
