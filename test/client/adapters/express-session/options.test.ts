import { session } from '../../../../client/adapters/express-session/index.js'
import { Sites } from './shop.js'

const sites = new Sites()
const holdfast = sites.client()
const good = { holdfast, secret: 'x'.repeat(32) }

afterAll(() => sites.stop())

test.each([
  ['store', { ...good, store: {} }, /no option 'store'/],
  ['an unknown option', { ...good, resaves: true }, /no option 'resaves': known are holdfast/],
  ['no client', { secret: 'x' }, /'holdfast' must be a client/],
  ['a config in its place', { ...good, holdfast: { namespace: 'x' } }, /'holdfast' must be a client/],
  ['no secret', { holdfast }, /'secret' must be .*, received undefined/],
  ['an empty list of secrets', { ...good, secret: [] }, /received an empty list/],
  ['an empty secret', { ...good, secret: ['x', ''] }, /'secret' must be .*, received a string/],
  ['a wrong lock', { ...good, lock: 'all' }, /'lock' must be 'write', 'read'/],
  ['a wrong timeout', { ...good, timeoutMs: 0 }, /'timeoutMs' must be an integer from 1/],
  ['a wrong hold', { ...good, maxHoldMs: '25s' }, /'maxHoldMs' must be an integer/],
  ['a wrong grace', { ...good, graceMs: -1 }, /'graceMs' must be an integer/],
  ['a wrong number of waiters', { ...good, waitingMax: 0 }, /'waitingMax' must be an integer/],
  ['wrong values', { ...good, values: 'yaml' }, /'values' must be 'json' or 'exact'/],
  ['a wrong fallback', { ...good, fallback: {} }, /'fallback' must be a store/],
  ['a fallback that cannot destroy', { ...good, fallback: { get() {} }, fallbackDestroy: true }, /with destroy/],
  ['a wrong fallbackDestroy', { ...good, fallbackDestroy: 'yes' }, /'fallbackDestroy' must be a boolean/],
  ['a wrong onBusy', { ...good, onBusy: 503 }, /'onBusy' must be a function/],
  ['a wrong name', { ...good, name: '' }, /'name' must be the name of a cookie/],
  ['a wrong genid', { ...good, genid: 'uuid' }, /'genid' must be a function/],
  ['a wrong unset', { ...good, unset: 'delete' }, /'unset' must be 'destroy' or 'keep'/],
  ['a wrong cookie', { ...good, cookie: 'sid' }, /'cookie' must be an object/],
  ['a wrong rolling', { ...good, rolling: 1 }, /'rolling' must be a boolean/],
  ['a wrong resave', { ...good, resave: 'no' }, /'resave' must be a boolean/],
  ['a wrong proxy', { ...good, proxy: 'yes' }, /'proxy' must be a boolean/],
  ['a wrong saveUninitialized', { ...good, saveUninitialized: null }, /'saveUninitialized' must be a boolean/],
])('%s is refused at once', (_, options, message) => {
  const make = () => session(options as never)
  expect(make).toThrow(message)
  expect(make).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('no error shows a secret', () => {
  const secret = 'a very secret secret'
  expect(() => session({ ...good, secret: [secret, 7] as never })).toThrow(/received a number/)
  expect(() => session({ ...good, secret: [secret, 7] as never })).not.toThrow(secret)
})

test('options that are undefined are as if they were not given', () => {
  expect(
    typeof session({ ...good, lock: undefined, name: undefined, resave: undefined, cookie: undefined } as never),
  ).toBe('function')
})
