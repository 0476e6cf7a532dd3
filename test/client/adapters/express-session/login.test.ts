import { timesEffort } from '../../../support/effort.js'
import { type Pages, ServerProcesses } from './server-processes.js'
import { Browser } from './shop.js'

const ROUNDS = timesEffort(8)
const PARALLEL = 30
const POST = { method: 'POST' }

const servers = new ServerProcesses()
let pages: Pages
beforeAll(async () => {
  // Long enough for a loaded machine: no request may be told that its session is busy.
  pages = await servers.serve('shop', { timeoutMs: 60_000 })
})

/**
 * Requests of one browser at once, to both processes. Some only look, and one, at another place in each round, logs in or
 * out.
 */
function together(browser: Browser, round: number, action: string): [Promise<Response>, Promise<Response>[]] {
  const before = browser.clone()
  const place = (round * 7) % PARALLEL
  const sent = Array.from({ length: PARALLEL + 1 }, (_, n) => {
    if (n === place) return browser.fetch(pages.at(round, action), POST)
    return n % 3 === 0
      ? before.clone().fetch(pages.at(n, '/user'))
      : before.clone().fetch(pages.at(n, `/add/${n}`), POST)
  })
  const [acted] = sent.splice(place, 1)
  return [acted as Promise<Response>, sent]
}

/**
 * Each is served with the session, or told to repeat: never with a cookie that would take the login away.
 *
 * @returns whether each was served.
 */
const expectKept = (answers: Promise<Response>[], user: string): Promise<boolean[]> =>
  Promise.all(
    answers.map(async (answered) => {
      const answer = await answered
      const text = await answer.text()
      expect(answer.headers.getSetCookie()).toEqual([])
      if (answer.status === 200) expect(text).toBe(user)
      else expect([answer.status, text]).toEqual([409, expect.stringContaining('session-replaced')])
      return answer.status === 200
    }),
  )

test(`login and logout among ${PARALLEL} requests to two processes, ${ROUNDS} rounds`, async () => {
  const servedAtLogin: boolean[] = []
  const servedAtLogout: boolean[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const browser = new Browser()
    await browser.text(pages.at(round, '/add/first'), POST)
    const [login, around] = together(browser, round, '/login/Ada')
    expect((await login).status).toBe(200)
    servedAtLogin.push(...(await expectKept(around, 'nobody')))
    expect(await browser.text(pages.at(round + 1, '/user'))).toBe('Ada')

    const loggedIn = browser.clone()
    const [logout, during] = together(browser, round, '/logout')
    expect((await logout).status).toBe(200)
    // Sent after the logout was answered.
    const late = [0, 1].map((n) => loggedIn.clone().fetch(pages.at(n, '/user')))
    expect(await expectKept(late, 'never served')).toEqual([false, false])
    servedAtLogout.push(...(await expectKept(during, 'Ada')))
  }
  // The rounds were races: some requests came before the login or the logout, and others after it.
  for (const served of [servedAtLogin, servedAtLogout]) expect(new Set(served)).toEqual(new Set([true, false]))
  expect(await servers.errors()).toEqual([])
}, 300_000)

test('later the old cookie gets a new session, from both processes', async () => {
  const old = new Browser()
  await old.text(pages.at(0, '/add/first'), POST)
  await old.clone().text(pages.at(1, '/logout'), POST)
  for (const n of [0, 1]) expect((await old.clone().fetch(pages.at(n, '/user'))).status).toBe(409)
  await servers.putClock(31_000)
  for (const n of [0, 1]) {
    const later = old.clone()
    expect(await later.text(pages.at(n, '/add/later'), POST)).toBe('nobody')
    expect(later.cookieHeader()).not.toBe(old.cookieHeader())
    expect(JSON.parse(await later.text(pages.at(n + 1, '/session')))).toEqual({ items: ['later'] })
  }
})
