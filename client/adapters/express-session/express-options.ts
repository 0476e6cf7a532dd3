import type { SessionOptions } from 'express-session'
import { InvalidArgumentError } from '../../errors/index.js'
import { invalid, type Keys, kindOf } from '../../options/check.js'

/** The options that express-session has, without `store`. */
export const EXPRESS_KEYS: Keys<Omit<SessionOptions, 'store'>> = {
  secret: true,
  genid: true,
  name: true,
  cookie: true,
  rolling: true,
  resave: true,
  proxy: true,
  saveUninitialized: true,
  unset: true,
}

const BOOLEANS = ['rolling', 'resave', 'proxy', 'saveUninitialized'] as const

/** Checks the options of express-session, some of which it takes as they come. */
export function checkExpressOptions(options: SessionOptions): void {
  const { secret, name, cookie, unset } = options
  for (const each of BOOLEANS) {
    const value: unknown = options[each]
    if (value !== undefined && typeof value !== 'boolean') throw invalid(each, 'a boolean', value)
  }
  if (name !== undefined && (typeof name !== 'string' || name === ''))
    throw invalid('name', 'the name of a cookie', name)
  const genid: unknown = Reflect.get(options, 'genid')
  if (genid !== undefined && typeof genid !== 'function') throw invalid('genid', 'a function', genid)
  if (unset !== undefined && unset !== 'destroy' && unset !== 'keep')
    throw invalid('unset', "'destroy' or 'keep'", unset)
  if (cookie !== undefined && typeof cookie !== 'function' && (typeof cookie !== 'object' || cookie === null)) {
    throw invalid('cookie', 'an object, or a function that returns one', cookie)
  }
  checkSecret(secret)
}

/** Its value is shown in no message. */
function checkSecret(secret: unknown): void {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length > 0 && secrets.every(isSecret)) return
  const received = secrets.length === 0 ? 'an empty list' : kindOf(secrets.find((each) => !isSecret(each)))
  throw new InvalidArgumentError(
    `'secret' must be a string, a key, or a list of them of which the first one signs, received ${received}`,
  )
}

const isSecret = (secret: unknown): boolean =>
  typeof secret === 'string' ? secret !== '' : typeof secret === 'object' && secret !== null
