import { CREDENTIALS_EARLY_MS, CREDENTIALS_TIMEOUT_MS } from '../../../client/limits.js'
import { credentialsProblem } from '../../../client/options/credentials.js'
import { Credentials, type CredentialsProvider } from '../../../client/process/credentials.js'
import { settle, VirtualClock } from '../../support/world.js'

const KEYS = { accessKeyId: 'A', secretAccessKey: 'secret' }
const refusal = (name: string) => Object.assign(new Error(name), { name })

describe('the credentials of a client', () => {
  let clock: VirtualClock
  let asked: unknown[]
  let made: number
  beforeEach(() => {
    clock = new VirtualClock()
    asked = []
    made = 0
  })

  /** Credentials of providers that answer as the test says, with how they were asked. */
  function make(answer: () => unknown): Credentials {
    const provider = async (options: unknown) => {
      asked.push(options)
      return answer()
    }
    const makeProvider = () => {
      made += 1
      return provider as CredentialsProvider
    }
    return new Credentials(makeProvider, credentialsProblem, clock)
  }
  const expiringIn = (ms: number) => ({ ...KEYS, expiration: new Date(clock.wallMs() + ms) })

  test('are asked for once, also by several requests at once', async () => {
    const credentials = make(() => KEYS)
    expect(await Promise.all([credentials.get(), credentials.get()])).toEqual([KEYS, KEYS])
    await clock.advance(24 * 3_600_000)
    expect(await credentials.get()).toBe(KEYS)
    expect(asked).toEqual([{}])
    expect(clock.pending).toBe(0)
  })

  test('are asked for again before they expire, and used meanwhile', async () => {
    const first = expiringIn(2 * CREDENTIALS_EARLY_MS)
    let next: unknown = first
    const credentials = make(() => next)
    expect(await credentials.get()).toBe(first)
    next = new Promise(() => {})
    await clock.advance(CREDENTIALS_EARLY_MS)
    expect(await credentials.get()).toBe(first)
    await clock.advance(CREDENTIALS_TIMEOUT_MS)
    const second = expiringIn(3_600_000)
    next = second
    expect(await credentials.get()).toBe(first)
    await settle()
    expect(await credentials.get()).toBe(second)
    expect(asked).toHaveLength(3)
  })

  test('that have expired are not used', async () => {
    let next: unknown = expiringIn(1_000)
    const credentials = make(() => next)
    await credentials.get()
    await clock.advance(1_000)
    next = Promise.reject(new Error('none now'))
    await expect(credentials.get()).rejects.toThrow('none now')
  })

  test('whose provider hangs fail after a time, and are asked for anew of a new provider', async () => {
    let hangs = true
    const credentials = make(() => (hangs ? new Promise(() => {}) : KEYS))
    const failures = [credentials.get(), credentials.get()].map((one) => one.catch((error: unknown) => error))
    await clock.advance(CREDENTIALS_TIMEOUT_MS)
    const problem = {
      name: 'CredentialsProviderError',
      message: `it did not answer within ${CREDENTIALS_TIMEOUT_MS} ms`,
    }
    for (const failure of failures) expect(await failure).toMatchObject(problem)
    hangs = false
    expect(await credentials.get()).toBe(KEYS)
    expect([asked.length, made, clock.pending]).toEqual([2, 2, 0])
  })

  test('whose provider hangs and then fails harm nobody', async () => {
    let fail: (reason: Error) => void = () => {}
    const credentials = make(() => new Promise((_, reject) => (fail = reject)))
    const failure = credentials.get().catch((error: unknown) => error)
    await clock.advance(CREDENTIALS_TIMEOUT_MS)
    expect(await failure).toMatchObject({ name: 'CredentialsProviderError' })
    // An unhandled rejection would fail this test.
    fail(new Error('too late'))
    await settle()
    expect(clock.pending).toBe(0)
  })

  test.each([
    ['an error', new Error('no metadata service'), 'no metadata service'],
    ['undefined', undefined, 'the provider failed without an error'],
    ['a text', 'secret', 'the provider failed without an error'],
  ])('whose provider fails once with %s are had by the next request', async (_, reason, message) => {
    let isFirst = true
    const credentials = make(() => {
      if (!isFirst) return KEYS
      isFirst = false
      throw reason as Error
    })
    await expect(credentials.get()).rejects.toMatchObject({ name: 'CredentialsProviderError', message, cause: reason })
    expect(await credentials.get()).toBe(KEYS)
  })

  test.each([
    ['undefined', undefined, 'received undefined'],
    ['an empty object', {}, 'received an object without an accessKeyId'],
    ['half of them', { accessKeyId: 'A' }, 'received an object without a secretAccessKey'],
    ['another kind of token', { ...KEYS, sessionToken: 5 }, 'received a sessionToken that is a number'],
    ['a text as expiration', { ...KEYS, expiration: 'soon' }, 'received an expiration that is a string'],
  ])('are not what a provider gives that is none: %s', async (_, answer, message) => {
    await expect(make(() => answer).get()).rejects.toMatchObject({ name: 'CredentialsProviderError', message })
  })

  test('that AWS refuses are asked for again, past what the provider remembers', async () => {
    const answers = [KEYS, { ...KEYS, accessKeyId: 'B' }]
    const credentials = make(() => answers.shift())
    await credentials.get()
    for (const error of [refusal('AccessDeniedException'), new Error('other'), undefined]) credentials.failed(error)
    expect(await credentials.get()).toBe(KEYS)
    credentials.failed(refusal('ExpiredTokenException'))
    expect(await credentials.get()).toMatchObject({ accessKeyId: 'B' })
    expect(asked).toEqual([{}, { forceRefresh: true }])
  })
})
