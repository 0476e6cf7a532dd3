import type expressSession from 'express-session'
import type { SessionOptions } from 'express-session'
import type { KnownError } from '../../errors/index.js'
import { checkKeys, invalid, type Keys } from '../../options/check.js'
import {
  ADAPTER_KEYS,
  type AdapterOptions,
  type CompiledAdapterOptions,
  compileAdapterOptions,
} from '../common/index.js'
import { checkExpressOptions, EXPRESS_KEYS } from './express-options.js'
import { isReservedName } from './reserved-names.js'

type Handler = ReturnType<typeof expressSession>
/** Express's own types, as express-session has them. */
export type ExpressRequest = Parameters<Handler>[0]
export type ExpressResponse = Parameters<Handler>[1]
export type ExpressNext = Parameters<Handler>[2]

/** Answers a request whose session is busy. It may be async. What it throws goes to `next`. */
export type OnBusy = (req: ExpressRequest, res: ExpressResponse, error: KnownError, next: ExpressNext) => unknown

/**
 * Options of {@link session}. All those of express-session are as in its documentation, but for `store`, which does not
 * exist here, and the defaults of `resave` and `saveUninitialized`, which are false: express-session wants them to be
 * given, and nothing here needs them.
 *
 * @typeParam S the attributes of the client's sessions: `Omit<SessionData, 'cookie'>`.
 */
export interface HoldfastSessionOptions<S extends object>
  extends Omit<SessionOptions, 'store'>,
    AdapterOptions<S, ExpressRequest> {
  /**
   * Answers a request whose session could not be had in time, or not be reached, in place of 503 with `Retry-After: 1`.
   */
  readonly onBusy?: OnBusy
}

/** The options, checked and complete. */
export interface CompiledOptions extends CompiledAdapterOptions<ExpressRequest> {
  /** What express-session gets. */
  readonly express: SessionOptions
  readonly onBusy: OnBusy | undefined
}

const OWN_KEYS: Keys<Omit<HoldfastSessionOptions<object>, keyof SessionOptions>> = { ...ADAPTER_KEYS, onBusy: true }

/** Checks the options before anything happens, and completes them with the defaults. */
export function compileOptions<S extends object>(options: HoldfastSessionOptions<S>): CompiledOptions {
  checkKeys(options, { ...OWN_KEYS, ...EXPRESS_KEYS }, 'session')
  const { onBusy } = options
  if (onBusy !== undefined && typeof onBusy !== 'function') throw invalid('onBusy', 'a function', onBusy)
  const express = expressOptions(options)
  return { ...compileAdapterOptions(options, { isReserved: isReservedName }), express, onBusy }
}

/** Only what express-session knows. It writes a notice where the two defaults are not given. */
function expressOptions(options: SessionOptions): SessionOptions {
  checkExpressOptions(options)
  const known = Object.entries(options).filter(([name]) => Object.hasOwn(EXPRESS_KEYS, name))
  return {
    resave: false,
    saveUninitialized: false,
    ...Object.fromEntries(known.filter(([, value]) => value !== undefined)),
  } as SessionOptions
}
