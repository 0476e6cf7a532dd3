import { Provider } from './provider.js'

describe("the torture's provider of credentials", () => {
  const provider = new Provider({ accessKeyId: 'id', secretAccessKey: 'secret' })
  const reasonOf = (promise: Promise<unknown>) =>
    promise.then(
      () => 'it answered',
      (reason: unknown) => reason,
    )

  test('answers with credentials that are about to expire', async () => {
    const { expiration, ...rest } = await provider.provide()
    expect(rest).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret' })
    expect(expiration.getTime()).toBeGreaterThan(Date.now())
    expect(expiration.getTime()).toBeLessThan(Date.now() + 60_000)
  })

  test('fails with errors and with other things, and counts it', async () => {
    expect(provider.become('fails')).toBe(0)
    const reasons = await Promise.all(Array.from({ length: 12 }, () => reasonOf(provider.provide())))
    expect(reasons.some((reason) => reason instanceof Error)).toBe(true)
    expect(reasons).toEqual(expect.arrayContaining([undefined, null, 'no credentials']))
    expect(reasons).not.toContain('it answered')
    expect(provider.become('answers')).toBe(12)
    await expect(provider.provide()).resolves.toHaveProperty('accessKeyId', 'id')
  })

  test('hangs, for ever, and counts it', async () => {
    provider.become('hangs')
    const settled = jest.fn()
    provider.provide().then(settled, settled)
    expect(provider.become('answers')).toBe(1)
    await expect(provider.provide()).resolves.toHaveProperty('accessKeyId', 'id')
    expect(settled).not.toHaveBeenCalled()
    expect(provider.become('answers')).toBe(0)
  })
})
