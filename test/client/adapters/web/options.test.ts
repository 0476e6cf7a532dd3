import { inspect } from 'node:util'
import { parseSetCookie } from 'cookie'
import { sessionOf, type WebOptions, withSession } from '../../../../client/adapters/web/index.js'
import { Browser, countUp, SECRET, Site, setCookies } from './harness.js'

describe('the options of a handler', () => {
  let site: Site
  beforeAll(() => {
    site = new Site()
  })
  afterAll(() => site.stop())

  const made = (options: object) => withSession(site.servers[0], options as WebOptions, () => new Response())

  it.each([
    ['no object', undefined, 'an object'],
    ['an unknown one', { secrets: [SECRET], store: 1 }, "no option 'store'"],
    ['no secrets', {}, "'secrets'"],
    ['an empty list of secrets', { secrets: [] }, "'secrets'"],
    ['one secret without a list', { secrets: SECRET }, "'secrets'"],
    ['a short secret', { secrets: [SECRET, 'hush'] }, 'at least 32 bytes, received one of 4'],
    ['a secret that is no string', { secrets: [Buffer.alloc(32)] }, "'secrets'"],
    ['an unknown lock', { secrets: [SECRET], lock: 'merge' }, "'write', 'read' or 'none'"],
    ['a rolling that is no boolean', { secrets: [SECRET], rolling: 1 }, "'rolling'"],
    ['a label that is no string', { secrets: [SECRET], label: 1 }, "'label'"],
    ['an onError that is no function', { secrets: [SECRET], onError: 503 }, "'onError'"],
    ['no time', { secrets: [SECRET], timeoutMs: 0 }, "'timeoutMs'"],
    ['a hold without end', { secrets: [SECRET], maxHoldMs: Number.POSITIVE_INFINITY }, "'maxHoldMs'"],
    ['a negative grace', { secrets: [SECRET], graceMs: -1 }, "'graceMs'"],
    ['nobody who may wait', { secrets: [SECRET], waitingMax: 0 }, "'waitingMax'"],
    ['an unknown one of the cookie', { secrets: [SECRET], cookie: { httpOnly: false } }, "no option 'httpOnly'"],
    ['a host prefix with a domain', { secrets: [SECRET], cookie: { name: '__host-x', domain: 'x.test' } }, '__Host-'],
    ['a host prefix with a path', { secrets: [SECRET], cookie: { name: '__Host-x', path: '/app' } }, '__Host-'],
    ['a secure prefix without secure', { secrets: [SECRET], cookie: { name: '__Secure-x', secure: false } }, 'secure'],
    [
      'a cookie of other sites without secure',
      { secrets: [SECRET], cookie: { sameSite: 'none', secure: false } },
      'secure',
    ],
    ['an unknown sameSite', { secrets: [SECRET], cookie: { sameSite: true } }, "'cookie.sameSite'"],
    ['a secure that is no boolean', { secrets: [SECRET], cookie: { secure: 'auto' } }, "'cookie.secure'"],
    ['a persistent that is no boolean', { secrets: [SECRET], cookie: { persistent: 1 } }, "'cookie.persistent'"],
    ['a name that no cookie has', { secrets: [SECRET], cookie: { name: 'a;b' } }, "'cookie' cannot be sent"],
    ['an empty name', { secrets: [SECRET], cookie: { name: '' } }, "'cookie.name'"],
    ['a path that no cookie has', { secrets: [SECRET], cookie: { path: '/;' } }, "'cookie' cannot be sent"],
  ])('are refused: %s', (_, options, problem) => {
    expect(() => made(options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(problem) }),
    )
  })

  it('are refused before a handler that is no function', () => {
    expect(() => withSession(site.servers[0], { secrets: [SECRET] }, undefined as never)).toThrow('must be a function')
  })

  it('are refused for an action that has no request', async () => {
    const cookies = { get: () => undefined, set: () => {} }
    const tries = [{ lock: () => 'read' }, { onError: () => undefined }, { graceMs: 5 }]
    for (const options of tries) {
      await expect(
        sessionOf(site.servers[0], { secrets: [SECRET], ...options } as never, cookies),
      ).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      })
    }
  })

  it('show no secret in errors', () => {
    const short = 'a short secret'
    const problems: string[] = []
    try {
      made({ secrets: [short] })
    } catch (error) {
      problems.push(inspect(error))
    }
    expect(problems).toEqual([expect.not.stringContaining(short)])
  })

  it.each([
    [{}, { name: '__Host-session', path: '/', httpOnly: true, secure: true, sameSite: 'lax' }],
    [{ path: '/app' }, { name: '__Secure-session', path: '/app', httpOnly: true, secure: true, sameSite: 'lax' }],
    [
      { domain: 'shop.test', sameSite: 'strict' },
      { name: '__Secure-session', domain: 'shop.test', path: '/', httpOnly: true, secure: true, sameSite: 'strict' },
    ],
    [{ secure: false }, { name: 'session', path: '/', httpOnly: true, sameSite: 'lax' }],
    [
      { name: 'sid', sameSite: 'none', persistent: true },
      { name: 'sid', path: '/', httpOnly: true, secure: true, sameSite: 'none', maxAge: 86_400 },
    ],
  ] as const)('make the cookie: %p', async (cookie, expected) => {
    const response = await new Browser().send(site.handler(countUp, { cookie }))
    const [header = ''] = setCookies(response)
    expect(parseSetCookie(header)).toEqual({ ...expected, value: expect.stringMatching(/^[\w-]{43}\..{43}$/) })
  })

  it('find their own cookie among others', async () => {
    const browser = new Browser()
    await browser.send(site.handler(countUp))
    browser.cookie = `theme=dark; ${browser.cookie}; __Host-sessions=other`
    expect(await (await browser.send(site.handler(countUp))).json()).toBe(2)
  })
})
