import { type Counter, increment } from '../support/counting.js'
import { LocalStackSuite } from './local-stack-suite.js'

describe('an application server that the store does not let in, or not yet', () => {
  const suite = new LocalStackSuite<Counter>()

  /** Credentials that the AWS SDK asks for with every request. */
  const shortLived = (secretAccessKey: string) => ({
    ...suite.stack.credentials,
    secretAccessKey,
    expiration: new Date(Date.now() + 1_000),
  })

  it.each([
    ['are wrong at first', async () => shortLived('wrong')],
    ['are unknown at first', async () => ({ accessKeyId: 'NOBODY', secretAccessKey: 'x' })],
    ['cannot be had at first', () => Promise.reject(new Error('the metadata service is busy'))],
    ['fail with nothing at first', () => Promise.reject(undefined)],
    ['fail with a text at first', () => Promise.reject('busy')],
  ])('is served within its timeout where its credentials %s', async (name, first) => {
    let calls = 0
    const credentials = async () => {
      calls += 1
      return calls > 3 ? shortLived(suite.stack.credentials.secretAccessKey) : first()
    }
    const client = suite.client({ credentials })
    expect(await increment(client, name)).toBe(1)
    expect(calls).toBeGreaterThan(3)
    expect(client.health().lastFailure).toBeUndefined()
  })

  it('is told in time what may be wrong', async () => {
    const client = suite.client({ credentials: { ...suite.stack.credentials, secretAccessKey: 'wrong' } })
    await expect(increment(client)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      retryable: false,
      message: expect.stringMatching(/^no lock after \d{4} ms.*: .* refused the connection with status 403 /),
    })
  })

  it.each([-3_600_000, 3_600_000])('is served where its clock is off by %i ms', async (clockOffMs) => {
    const server = await suite.spawn({ clockOffMs })
    expect(await server.command('increment', { id: `off by ${clockOffMs}` })).toMatchObject({ value: 1 })
  })

  it('need not wait for locks of its own when its clock is put forward', async () => {
    const server = await suite.spawn()
    expect(await server.command('increment', { id: 'leap' })).toMatchObject({ value: 1 })
    await server.command('putClock', { ms: 60_000 })
    const startMs = performance.now()
    expect(await server.command('increment', { id: 'leap' })).toMatchObject({ value: 2 })
    // Its former lease would go on for most of 15 s.
    expect(performance.now() - startMs).toBeLessThan(6_000)
  })
})
