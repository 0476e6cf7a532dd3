import { type CookieAttributes, type CookieStore, sessionOf } from '../../../../client/adapters/web/index.js'
import { COOKIE, SECRET, Site } from './harness.js'

/** The cookies of one browser, as `cookies()` of `next/headers` gives them to each request. */
class Cookies implements CookieStore {
  readonly sets: CookieAttributes[] = []
  private readonly values = new Map<string, string>()

  get(name: string) {
    const value = this.values.get(name)
    return value === undefined ? undefined : { name, value }
  }

  set(name: string, value: string, attributes: CookieAttributes): void {
    this.sets.push(attributes)
    if (attributes.maxAge === 0) this.values.delete(name)
    else this.values.set(name, value)
  }
}

describe('the session of an action', () => {
  const options = { secrets: [SECRET] }
  let site: Site
  let cookies: Cookies
  beforeEach(() => {
    site = new Site()
    cookies = new Cookies()
  })
  afterEach(() => site.stop())

  const countUp = async (server: 0 | 1 = 0): Promise<number> => {
    await using session = await sessionOf(site.servers[server], options, cookies)
    session.state.count = (session.state.count ?? 0) + 1
    const { count } = session.state
    await session.close()
    await session.close()
    return count
  }

  it('is made, kept, and found again on another server', async () => {
    expect([await countUp(), await countUp(1), await countUp()]).toEqual([1, 2, 3])
    expect(cookies.sets).toEqual([{ httpOnly: true, path: '/', sameSite: 'lax', secure: true }])
  })

  it('is as before where it was not closed, and free', async () => {
    await countUp()
    const fails = async () => {
      await using session = await sessionOf(site.servers[0], options, cookies)
      session.state.count = 17
      throw new Error('redirect')
    }
    await expect(fails()).rejects.toThrow('redirect')
    expect(await countUp(1)).toBe(2)
  })

  it('gets another id, and ends', async () => {
    await countUp()
    const old = cookies.get(COOKIE)?.value
    {
      await using session = await sessionOf(site.servers[0], options, cookies)
      session.regenerate()
      await session.close()
    }
    expect(cookies.get(COOKIE)?.value).not.toBe(old)
    expect(await countUp(1)).toBe(2)
    {
      await using session = await sessionOf(site.servers[0], options, cookies)
      await session.destroy()
      await session.close()
    }
    expect(cookies.get(COOKIE)).toBeUndefined()
    expect(await countUp()).toBe(1)
  })

  it('tells of a session that was replaced', async () => {
    await countUp()
    const old = new Cookies()
    old.set(COOKIE, cookies.get(COOKIE)?.value ?? '', { httpOnly: true, path: '/', sameSite: 'lax', secure: true })
    {
      await using session = await sessionOf(site.servers[0], options, cookies)
      await session.destroy()
      await session.close()
    }
    await expect(sessionOf(site.servers[1], options, old)).rejects.toMatchObject({ code: 'SESSION_REPLACED' })
  })

  it('is only read by a component, which sets no cookie', async () => {
    await countUp()
    const { length } = cookies.sets
    await using session = await sessionOf(site.servers[1], { ...options, lock: 'none', rolling: false }, cookies)
    expect(session.state.count).toBe(1)
    await session.close()
    expect(cookies.sets).toHaveLength(length)
  })

  it('is taken away where it is neither closed nor disposed of', async () => {
    await countUp()
    const warnings: unknown[] = []
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation((text) => void warnings.push(text))
    const leaked = await sessionOf(site.servers[0], { ...options, maxHoldMs: 20 }, cookies)
    expect(await countUp(1)).toBe(2)
    await expect(leaked.close()).rejects.toMatchObject({ code: 'SESSION_RELEASED', reason: 'maxHoldMs' })
    expect(warnings).toEqual([
      expect.stringContaining("an action 'request' held its session for longer than maxHoldMs (20 ms)"),
    ])
    warned.mockRestore()
  })
})
