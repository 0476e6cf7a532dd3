import { Guard } from '../../../local/inspector/guard.js'

const PORT = 40_003
const guard = new Guard()
const own = { host: `127.0.0.1:${PORT}` }
const page = (headers: Record<string, string> = own, path = `/${guard.token}/events`) =>
  guard.check({ method: 'GET', url: path, headers }, PORT)

test('whoever has the address gets what is behind the token', () => {
  expect(page()).toEqual({ path: 'events', of: 'page' })
  expect(page({ host: `localhost:${PORT}`, 'sec-fetch-site': 'none' }, `/${guard.token}/?a=b`)).toEqual({
    path: '',
    of: 'page',
  })
  expect(page({ ...own, origin: `http://127.0.0.1:${PORT}`, 'sec-fetch-site': 'same-origin' })).toEqual({
    path: 'events',
    of: 'page',
  })
})

test.each([
  'evil.example',
  `evil.example:${PORT}`,
  '127.0.0.1',
  `127.0.0.1:${PORT + 1}`,
  `127.0.0.1.evil.example:${PORT}`,
])('a name that resolves to this machine, %s, is refused', (host) => {
  expect(page({ host })).toEqual({ refused: 'host' })
})

test('a request without a host is refused', () => {
  expect(page({})).toEqual({ refused: 'host' })
})

test.each(['http://evil.example', `http://localhost:${PORT}`, `https://127.0.0.1:${PORT}`, 'null'])(
  'another origin, %s, is refused',
  (origin) => {
    expect(page({ ...own, origin })).toEqual({ refused: 'origin' })
  },
)

test.each(['cross-site', 'same-site'])('a request that another page makes, %s, is refused', (site) => {
  expect(page({ ...own, 'sec-fetch-site': site })).toEqual({ refused: 'origin' })
})

test('a command without an origin is refused', () => {
  const command = { method: 'POST', url: `/${guard.token}/play`, headers: own }
  expect(guard.check(command, PORT)).toEqual({ refused: 'origin' })
  const origin = `http://127.0.0.1:${PORT}`
  expect(guard.check({ ...command, headers: { ...own, origin } }, PORT)).toEqual({ path: 'play', of: 'page' })
})

test.each(['/', '/events', '//', `/${'A'.repeat(32)}/events`, '/%/events'])('another token, %s, is refused', (path) => {
  expect(page(own, path)).toEqual({ refused: 'token' })
})

test('a token of another length, or with the same first characters, is refused', () => {
  expect(page(own, `/${guard.token.slice(0, -1)}/`)).toEqual({ refused: 'token' })
  expect(page(own, `/${guard.token}A/`)).toEqual({ refused: 'token' })
})

test('each stack has a token of its own, of 32 characters', () => {
  expect(guard.token).toMatch(/^[\w-]{32}$/)
  expect(new Guard().token).not.toBe(guard.token)
})
