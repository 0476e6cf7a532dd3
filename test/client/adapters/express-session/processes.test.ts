import { type Pages, type PlainOptions, ServerProcesses } from './server-processes.js'
import { Browser } from './shop.js'

const POST = { method: 'POST' }

/** Two server processes of one application. */
const servers = new ServerProcesses()
let pages: Pages
beforeAll(async () => {
  pages = await servers.serve('shop')
})

test('a redirect that is followed at the headers, in the other process, finds the new session: 30 of 30', async () => {
  const found: string[] = []
  for (let n = 0; n < 30; n++) {
    const browser = new Browser()
    // The body is not read: this follows at the headers.
    const response = await browser.fetch(pages.at(n, `/start/${n}`))
    found.push(await browser.text(pages.at(n + 1, response.headers.get('location') ?? '')))
  }
  expect(found).toEqual(Array.from({ length: 30 }, (_, n) => String(n)))
}, 90_000)

test.each(['write', 'merge'] as const)('every acknowledged change is kept once, of 40 at once: %s', async (lock) => {
  const { at } = await servers.serve('shop', { lock })
  const browser = new Browser()
  await browser.text(at(0, '/count'), POST)
  const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => browser.clone().fetch(at(n, '/count'), POST)))
  const statuses = answers.map(({ status }) => status)
  const kept = statuses.filter((status) => status === 200).length
  expect(statuses.filter((status) => status === 409)).toHaveLength(40 - kept)
  expect(kept).toBeGreaterThanOrEqual(lock === 'write' ? 40 : 1)
  for (const n of [0, 1]) expect(await browser.text(at(n, '/count'))).toBe(String(1 + kept))
})

test('a session that is too large is an error, and the session stays as it was', async () => {
  const browser = new Browser()
  await browser.text(pages.at(0, '/count'), POST)
  expect((await browser.fetch(pages.at(1, '/large'))).status).toBe(500)
  expect(await browser.text(pages.at(0, '/count'))).toBe('1')
})

test('login in one process, logout in the other', async () => {
  const browser = new Browser()
  await browser.text(pages.at(0, '/count'), POST)
  const before = browser.clone()
  await browser.text(pages.at(0, '/login/Ada'), POST)
  expect(await browser.text(pages.at(1, '/user'))).toBe('Ada')
  expect((await before.fetch(pages.at(1, '/user'))).status).toBe(409)
  const loggedIn = browser.clone()
  await browser.text(pages.at(1, '/logout'), POST)
  expect((await loggedIn.fetch(pages.at(0, '/user'))).status).toBe(409)
})

describe('a browser that follows the redirect of a logout to the other process finds the page', () => {
  test.each<[string, string, PlainOptions]>([
    ['a destroy', '/destroy', {}],
    ['a destroy, unlocked', '/destroy', { lock: 'merge' }],
    ['a destroy that is not waited for', '/destroy-without-waiting', {}],
    ["unset 'destroy'", '/unset', { unset: 'destroy' }],
    ['a destroy after a regenerate', '/regenerate-and-destroy', {}],
    ['a regenerate', '/regenerate', {}],
    ['the cookie taken away by the application', '/destroy-and-clear', {}],
  ])('%s', async (_, logout, options) => {
    const { next } = await servers.serve('logouts', options)
    const browser = new Browser()
    await browser.text(next('/in'))
    expect(await browser.text(next('/'))).toBe('Ada')
    const response = await browser.fetch(next(logout))
    expect([response.status, response.headers.getSetCookie().length]).toEqual([302, 1])
    expect(await browser.text(next('/'))).toBe('nobody')
  })
})
